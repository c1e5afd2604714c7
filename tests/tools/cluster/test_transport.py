"""HTTP over kept connections, against a server that keeps them, closes them, or says half of it."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from urllib3 import PoolManager

from tools.cluster.connect import Where, connect
from tools.cluster.errors import ClusterSettingsError
from tools.cluster.transport import Answer, Direct, NoAnswer, Pooled, Request, Transport


class Server(ThreadingHTTPServer):
    """What it answers depends on the path; it counts its connections."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.has_closed = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        super().shutdown_request(request)  # type: ignore[arg-type]
        self.has_closed.set()


class Handler(BaseHTTPRequestHandler):
    """`/closing` closes after the answer without a word, `/half` in the middle of it, `/silent` says nothing."""

    protocol_version = "HTTP/1.1"
    over = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/silent":
            self.over.wait(10)
        if self.path == "/said":
            self.path = "/" + ",".join(self.headers.get_all("X-Said", []))
        body = self.path.encode() + self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Retry-After", "7")
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (body[:3], body[3:], b""):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            return
        self.send_header("Content-Length", str(len(body) * (2 if self.path == "/half" else 1)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path in ("/closing", "/half")

    do_PATCH = do_GET

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    Handler.over.clear()
    with Server() as served:
        threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield served
        finally:
            Handler.over.set()
            served.shutdown()


@contextmanager
def silent_socket() -> Iterator[str]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def request(target: str, *, method: str = "GET", body: bytes | None = None, read_s: float = 5) -> Request:
    return Request(method, target, (("Accept", "*/*"),), body, connect_s=2, read_s=read_s)


def both(url: str) -> list[Transport]:
    return [Direct(url, None), Pooled(url, PoolManager())]


def test_an_answer_is_whole(server: Server) -> None:
    for transport in both(server.url):
        assert transport.send(request("/a?b=c")) == Answer(200, "7", b"/a?b=c")
        assert transport.send(request("/chunked")) == Answer(200, "7", b"/chunked")
        assert transport.send(request("/a", method="PATCH", body=b"{}")) == Answer(200, "7", b"/a{}")


def test_no_more_of_an_answer_is_read_than_was_asked_for(server: Server) -> None:
    for transport in both(server.url):
        for target in ("/long/one", "/chunked"):
            assert transport.send(request(target)._replace(most_bytes=4)).data == target[:4].encode()
            assert transport.send(request("/a")._replace(most_bytes=4)).data == b"/a"
            assert transport.send(request(target)).data == target.encode()


def test_a_header_may_come_twice_and_hold_bytes_of_any_letters(server: Server) -> None:
    told = request("/said")._replace(headers=(("X-Said", "a"), ("X-Said", "b,c"), ("X-Said", "\xc3\xb6")))
    for transport in both(server.url):
        assert transport.send(told).data.decode() == "/a,b,c,\xc3\xb6"


def test_a_server_may_be_below_a_path(server: Server) -> None:
    for transport in both(f"{server.url}/k8s/clusters/c-1"):
        assert transport.send(request("/version")).data == b"/k8s/clusters/c-1/version"


def test_a_connection_is_kept(server: Server) -> None:
    direct = Direct(server.url, None)
    assert [direct.send(request(f"/{number}")).data for number in range(5)] == [b"/0", b"/1", b"/2", b"/3", b"/4"]
    assert server.connections == 1


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(server: Server) -> None:
    direct = Direct(server.url, None)
    for _ in range(5):
        server.has_closed.clear()
        assert direct.send(request("/closing", method="PATCH", body=b"{}")).status == 200
        assert server.has_closed.wait(5)
    assert server.connections == 5


def test_threads_share_it(server: Server) -> None:
    direct = Direct(server.url, None)
    targets = [f"/{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda target: direct.send(request(target)).data.decode(), targets))
    assert answers == targets
    assert server.connections <= 8


def test_more_connections_than_are_kept_are_closed(server: Server) -> None:
    direct, many = Direct(server.url, None), threading.Barrier(30)

    def send(target: str) -> bytes:
        many.wait(10)
        return direct.send(request(target)).data

    with ThreadPoolExecutor(30) as pool, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        assert len(list(pool.map(send, [f"/{number}" for number in range(30)]))) == 30
        gc.collect()
    assert not [each for each in told if f"{server.server_port})" in str(each.message)]


@pytest.mark.parametrize("host", ["a..b", ".b", "x" * 64])
def test_a_host_that_no_dns_can_hold_is_told(host: str) -> None:
    with pytest.raises(NoAnswer):
        Direct(f"http://{host}:6443", None).send(request("/"))


def test_a_server_s_path_may_be_of_any_letters(server: Server) -> None:
    assert Direct(f"{server.url}/päth a", None).send(request("/version")).data == b"/p%C3%A4th%20a/version"


def test_half_an_answer_is_none(server: Server) -> None:
    direct = Direct(server.url, None)
    with pytest.raises(NoAnswer, match="IncompleteRead"):
        direct.send(request("/half"))
    assert direct.send(request("/a")).data == b"/a"


def test_silence_has_an_end(server: Server) -> None:
    with pytest.raises(NoAnswer, match=r"^read timed out after 0\.2 s$"):
        Direct(server.url, None).send(request("/silent", read_s=0.2))


def test_a_handshake_has_an_end() -> None:
    with silent_socket() as address, pytest.raises(NoAnswer, match="no connection in 2 s"):
        Direct(f"https://{address}", ssl.create_default_context()).send(request("/"))


@pytest.mark.parametrize("token", ["a-secret\ntoken", "a-secret\rtoken", "a-secret-tökeñ"])
def test_a_token_that_no_header_may_hold_is_told_and_not_shown(server: Server, token: str) -> None:
    document = {
        "clusters": [{"name": "x", "cluster": {"server": server.url}}],
        "users": [{"name": "x", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    with pytest.raises(ClusterSettingsError, match="The token of the kubeconfig holds a line break") as caught:
        connect(Where(document=document)).version()
    assert "a-secret" not in str(caught.value)


def test_whether_tls_is_checked_is_never_guessed(server: Server) -> None:
    cluster = {"server": server.url, "insecure-skip-tls-verify": "false"}
    document = {
        "clusters": [{"name": "x", "cluster": cluster}],
        "users": [{"name": "x", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    with pytest.raises(ClusterSettingsError, match=r'insecure-skip-tls-verify: "false", which is a text'):
        connect(Where(document=document))
