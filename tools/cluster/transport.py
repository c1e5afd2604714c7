"""HTTP to an API server: how a request goes out and what comes back.

`Direct` is `http.client` over connections that are kept, for whoever waits for a command to start: to import
urllib3 takes three times as long. `Pooled` is the `kubernetes` client's urllib3, which knows proxies.
"""

from __future__ import annotations

import select
from collections import deque
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    import socket
    import ssl

    import urllib3

Headers = tuple[tuple[str, str], ...]

KEPT_CONNECTIONS = 16


class Request(NamedTuple):
    """What is sent. `target` is a path below the server's address; `read_s` is the longest silence.

    A header may come more than once. `most_bytes`: so much of the answer is read at most; None: all of it.
    """

    method: str
    target: str
    headers: Headers
    body: bytes | None
    connect_s: float
    read_s: float
    most_bytes: int | None = None


class Answer(NamedTuple):
    """What came back, as far as it was asked for. `retry_after` and `warnings` are the headers of these names."""

    status: int
    retry_after: str | None
    data: bytes
    warnings: tuple[str, ...] = ()


class NoAnswer(Exception):
    """Nothing came back, or only a part; the message says why."""


class Transport(Protocol):
    """Sends a request once, and follows no redirect. Threads may share one. Raises `NoAnswer`."""

    def send(self, request: Request) -> Answer: ...


class Direct:
    """`Transport` straight to the server at `url`, with TLS where a context is given."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(url)
        self._address, self._prefix = parts.netloc.rpartition("@")[2], quote(parts.path, safe="/%")
        self._tls = tls
        self._idle: deque[HTTPConnection] = deque()

    def send(self, request: Request) -> Answer:
        connection = self._kept()
        try:
            if connection is None:
                connection = self._connected(request.connect_s)
            connection.sock.settimeout(request.read_s)
            self._put(connection, request)
            response = connection.getresponse()
            data = response.read(request.most_bytes)
            warnings = tuple(response.headers.get_all("Warning") or ())
            answer = Answer(response.status, response.getheader("Retry-After"), data, warnings)
        except (HTTPException, OSError, UnicodeError) as error:  # a host's name may be none that DNS can hold
            if connection is not None:
                connection.close()
            raise NoAnswer(_said(error, request, connected=connection is not None)) from error
        if response.isclosed() and len(self._idle) < KEPT_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _put(self, connection: HTTPConnection, request: Request) -> None:
        connection.putrequest(request.method, self._prefix + request.target)
        for name, value in request.headers:
            connection.putheader(name, value)
        if request.body is not None:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)

    def _kept(self) -> HTTPConnection | None:
        """The connection that was used last, unless the server has closed it since."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.sock is not None and not _has_news(connection.sock):
                return connection
            connection.close()

    def _connected(self, timeout_s: float) -> HTTPConnection:
        if self._tls is None:
            connection = HTTPConnection(self._address, timeout=timeout_s)
        else:
            connection = HTTPSConnection(self._address, timeout=timeout_s, context=self._tls)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection


def _has_news(kept: socket.socket) -> bool:
    """Whether something came that nobody asked for: the end of the connection."""
    poll = select.poll()
    poll.register(kept, select.POLLIN)
    return bool(poll.poll(0))


def _said(error: Exception, request: Request, *, connected: bool) -> str:
    if not isinstance(error, TimeoutError):
        return str(error) or type(error).__name__
    return (
        f"read timed out after {request.read_s:.3g} s"
        if connected
        else f"no connection in {request.connect_s:.3g} s"
    )


class Pooled:
    """`Transport` by a urllib3 pool."""

    def __init__(self, url: str, pool: urllib3.PoolManager) -> None:
        self._url, self._pool = url, pool

    def send(self, request: Request) -> Answer:
        from urllib3 import HTTPHeaderDict, Timeout
        from urllib3.exceptions import HTTPError

        try:
            response = self._pool.request(
                request.method,
                self._url + request.target,
                body=request.body,
                headers=HTTPHeaderDict(request.headers),
                timeout=Timeout(connect=request.connect_s, read=request.read_s),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            data = response.read(request.most_bytes)
            if request.most_bytes is None:
                response.release_conn()
            else:
                response.close()
            warnings = tuple(response.headers.getlist("Warning"))
            return Answer(response.status, response.headers.get("Retry-After"), data, warnings)
        except (HTTPError, OSError) as error:
            raise NoAnswer(_innermost(error)) from error


def _innermost(error: Exception) -> str:
    """What the last of the errors says that urllib3 has put around each other."""
    cause: object = error
    while isinstance(reason := getattr(cause, "reason", None), Exception):
        cause = reason
    return str(cause)
