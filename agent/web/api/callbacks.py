"""What is told to whoever asked for a session, when a process of it ends: a POST to the URL that they gave.

It goes the way of the messages to people: written down before it is sent, and what came of it afterwards. What got
no answer is not sent again, for it may have arrived; a refusal is tried again, three times in all.

The URL is somebody else's word, and it is Desk that follows it: it leads to no address that is private, Desk's own
machine or a cloud's metadata, whatever its name resolves to at that moment, and no redirect is followed.
Source: the OWASP cheat sheet on server-side request forgery
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import msgspec

from agent.humans.clock import STALE_AFTER
from agent.humans.notices import TRIES, Kind
from agent.humans.port import Message, Undelivered
from agent.journal.events import LaunchFailed, NoticeFailed, NoticeSent, SessionClosed, SessionPaused
from agent.surfaces.documents import Callback

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool

    from agent.journal.journal import Entry, Journal
    from agent.journal.requests import Requests
    from tools.json import Json

LEASE = "callbacks"
CHANNEL = "callback"
TIMEOUT_S = 5.0
NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Behind these addresses are those of IPv4, private ones too. Source: RFC 6052"""
TOLD = ("session_paused", "session_closed", "launch_failed", "notice_sent", "notice_failed")


def why_not(url: str, hosts: Collection[str], *, loopback: bool) -> str:
    """Why a URL is not called back, as far as it says so itself; empty: it may be. No name is resolved."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "it is no URL"
    if not host or parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable():
        return "it is no URL of a host, a port, a path and a query"
    if host in hosts:
        return "" if parts.scheme == "https" else "it must begin with https://"
    if loopback and _is_loopback(host):
        return "" if parts.scheme in ("http", "https") else "it must begin with http:// or https://"
    if parts.scheme != "https":
        return "it must begin with https://"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    return "" if _is_public(str(address)) else f"{host} is no public address"


class Callbacks:
    """The channel that leads to URLs which programs have given. `hosts` may have private addresses."""

    name = CHANNEL
    kinds: frozenset[Kind] = frozenset({"callback"})

    def __init__(self, hosts: Collection[str], *, loopback: bool) -> None:
        self._hosts = hosts
        self._loopback = loopback

    def shown(self, message: Message) -> str:
        """Digest of what is sent."""
        return hashlib.sha256(_body(message)).hexdigest()

    def send(self, message: Message) -> Json:
        """POST it, once."""
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

        url = str((message.blocks or {})["url"])
        if refusal := why_not(url, self._hosts, loopback=self._loopback):
            raise Undelivered(f"The callback is not sent: {refusal}.", is_final=True)
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": "application/json", "Host": parts.netloc}
        try:
            with self._pool(parts) as pool:
                answer = pool.request(
                    "POST", path, body=_body(message), headers=headers,
                    retries=False, redirect=False, timeout=TIMEOUT_S, preload_content=False,
                )  # fmt: skip
                status = int(answer.status)
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            raise Undelivered(f"{parts.hostname} cannot be reached: {type(error).__name__}") from None
        except HTTPError as error:
            raise Undelivered(
                f"{parts.hostname} did not answer: {type(error).__name__}", is_final=True, maybe_sent=True
            ) from None
        if not 200 <= status < 300:
            is_final = 300 <= status < 500 and status not in (408, 429)
            raise Undelivered(f"{parts.hostname} answers {status}", is_final=is_final)
        return {}

    def find(self, message: Message) -> Json | None:
        """What was begun and has no end may have arrived: it counts as sent, and is not sent again."""
        return {"unknown": True}

    def _pool(self, parts: SplitResult) -> HTTPConnectionPool:
        """To the address that was looked at, and to no other that the name may have a moment later."""
        from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

        host = parts.hostname or ""
        address = self._address(host, parts.port or (443 if parts.scheme == "https" else 80))
        if parts.scheme == "http":
            return HTTPConnectionPool(address, parts.port or 80)
        return HTTPSConnectionPool(address, parts.port or 443, server_hostname=host, assert_hostname=host)

    def _address(self, host: str, port: int) -> str:
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            raise Undelivered(f"{host} cannot be found: {error}") from error
        may_be_any = host in self._hosts or (self._loopback and _is_loopback(host))
        private = [each for each in found if not _is_public(each)]
        if private and not may_be_any:
            raise Undelivered(
                f"{host} is {private[0]}, which is no public address. An operator may allow it: "
                "web.callback_hosts in desk.yaml.",
                is_final=True,
            )
        return found[0]


class Endings:
    """What is to be told, of the ends of processes that are not long ago; each event is read once."""

    def __init__(self, journal: Journal, requests: Requests) -> None:
        self._journal = journal
        self._requests = requests
        self._after = 0
        self._due: dict[str, tuple[datetime, Message]] = {}
        self._failures: dict[str, int] = {}

    def __call__(self, now: datetime) -> list[Message]:
        """Those that are not told yet."""
        newest = self._journal.newest()
        for entry in self._journal.entries(types=TOLD, after=self._after):
            if entry.seq > newest:
                break
            self._apply(entry, now)
        self._after = max(self._after, newest)
        self._due = {key: each for key, each in self._due.items() if now - each[0] < STALE_AFTER}
        return [message for _, message in self._due.values()]

    def _apply(self, entry: Entry, now: datetime) -> None:
        match entry.event:
            case NoticeSent(about=about, channel="callback"):
                self._due.pop(about, None)
            case NoticeFailed(about=about, channel="callback", is_final=is_final):
                self._failures[about] = self._failures.get(about, 0) + 1
                if is_final or self._failures[about] >= TRIES:
                    self._due.pop(about, None)
            case SessionPaused() | SessionClosed() | LaunchFailed() if (
                at := datetime.fromisoformat(entry.at)
            ) > now - STALE_AFTER:
                if (message := self._message(entry)) is not None:
                    self._due[message.about] = (at, message)
            case _:
                pass

    def _message(self, entry: Entry) -> Message | None:
        by_key = self._requests.of_chain(entry.session)
        request = by_key or self._requests.of_session(entry.session)
        if request is None or not request.asked.callback:
            return None
        about = f"callback-{entry.session}-{entry.number}"
        event = entry.event
        told = Callback(
            id=about,
            request=request.asked.session,
            session_key=request.asked.session_key,
            session="" if by_key else entry.session,
            status=event.outcome if isinstance(event, SessionClosed) else "failed" if by_key else "paused",
            exit_code=int(entry.body["exit_code"]),
            approval=event.approval_id if isinstance(event, SessionPaused) else "",
        )
        blocks = {"url": request.asked.callback, "body": msgspec.to_builtins(told)}
        return Message(about, "callback", blocks=blocks)


def _body(message: Message) -> bytes:
    return json.dumps((message.blocks or {})["body"]).encode()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_public(address: str) -> bool:
    """Source: the registries of special-purpose addresses, as Python's `ipaddress` has them."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return bool(inner.is_global and not inner.is_multicast and inner not in NAT64)
