"""AWS for tests: moto's server over HTTP, with what AWS does and moto does not, and faults that a test asks for.

| moto | here, as AWS does it |
|---|---|
| forgets the tags in CreateBucket | keeps them from the first moment |
| takes the condition of a bucket policy's statement for true | leaves such a statement out, as over TLS it is |
| has a database at once | tells `creating` as often as `creating` says |

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAQDLTESTQDLTEST01",
    "AWS_SECRET_ACCESS_KEY": "Qdl1CorrectHorseBatteryStaple0123456789a",
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}
"""What a process needs to be somebody at AWS; with `AWS_ENDPOINT_URL` of the server."""


@dataclass
class Fault:
    """What goes wrong with requests of an operation: `code` is AWS' own word for it."""

    operation: str
    code: str
    status: int = 400
    times: int = 1
    after_effect: bool = False
    """Whether the request takes effect, and only its answer is lost."""


@dataclass
class PlayedAws:
    """The server. `calls` are the operations that it was asked for, in order."""

    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    creating: int = 0
    """In how many answers a database that is there is still being made."""

    def start(self) -> str:
        """Serve until the process ends; gives its URL."""
        moto = DomainDispatcherApplication(create_backend_app)
        _heed_conditions()
        server = make_server("127.0.0.1", 0, self._faulty(moto), threaded=True, request_handler=_Silent)
        Thread(target=server.serve_forever, daemon=True).start()
        self._server = server
        self.url = f"http://127.0.0.1:{server.server_port}"
        return self.url

    def stop(self) -> None:
        """No more is served."""
        self._server.shutdown()

    def reset(self) -> None:
        """An empty account, no faults."""
        self.faults.clear()
        with urlopen(Request(f"{self.url}/moto-api/reset", method="POST")) as answer:
            assert answer.status == 200
        self.calls.clear()
        self.creating = 0

    def writes(self, *operations: str) -> list[str]:
        """Those of the calls."""
        return [each for each in self.calls if each in operations]

    def _faulty(self, moto: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = _Body(body)
            operation = _operation(environ, body)
            self.calls.append(operation)
            fault = next((each for each in self.faults if each.operation in (operation, "*") and each.times), None)
            if fault is None:
                return self._as_aws(operation, environ, body, moto, start_response)
            fault.times -= 1
            if fault.after_effect:
                list(self._as_aws(operation, environ, body, moto, lambda *_: None))
            return _refused(environ, start_response, fault)

        return serve

    def _as_aws(
        self,
        operation: str,
        environ: dict[str, Any],
        body: bytes,
        moto: Callable[..., Iterable[bytes]],
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        """The answer, with what AWS does besides."""
        started: list[Any] = []
        answer = b"".join(moto(environ, lambda *told: started.append(told)))
        status, headers, *rest = started[-1]
        if operation == "PUT Bucket" and status.startswith("200"):
            _tag(str(environ["PATH_INFO"]).strip("/"), body)
        if operation == "DescribeDBInstances" and self.creating and b"<DBInstanceStatus>" in answer:
            self.creating -= 1
            answer = answer.replace(b"<DBInstanceStatus>available", b"<DBInstanceStatus>creating")
        sized = [(name, value) for name, value in headers if name.lower() != "content-length"]
        if environ["REQUEST_METHOD"] == "HEAD":
            sized = headers
        else:
            sized.append(("Content-Length", str(len(answer))))
        start_response(status, sized, *rest)
        return [answer]


def _tag(bucket: str, body: bytes) -> None:
    from moto.s3.models import s3_backends

    tags = dict(re.findall(r"<Tag><Key>(.*?)</Key><Value>(.*?)</Value></Tag>", body.decode()))
    if tags:
        s3_backends[ACCOUNT]["aws"].put_bucket_tagging(bucket, tags)


def _heed_conditions() -> None:
    from moto.s3.models import FakeBucket

    really: Any = FakeBucket.get_permission

    def permission(bucket: Any, action: str, resource: str) -> Any:
        whole = bucket.policy
        if whole:
            document = json.loads(whole)
            kept = [each for each in document["Statement"] if "Condition" not in each]
            bucket.policy = json.dumps({**document, "Statement": kept}).encode() if kept else None
        try:
            return really(bucket, action, resource)
        finally:
            bucket.policy = whole

    setattr(FakeBucket, "get_permission", permission)  # noqa: B010  mypy knows it for a method


class _Silent(MotoRequestHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None: ...


class _Body:
    """The input of a request that was read already."""

    def __init__(self, body: bytes) -> None:
        from io import BytesIO

        self._file = BytesIO(body)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _operation(environ: dict[str, Any], body: bytes) -> str:
    """What is asked for, as AWS' API calls it; of S3: method and subresource."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if action := re.search(rb"(?:^|&)Action=(\w+)", body):
        return action[1].decode()
    query = str(environ.get("QUERY_STRING") or "").partition("=")[0].partition("&")[0]
    path = str(environ.get("PATH_INFO"))
    of = "Object" if path.strip("/").count("/") else "Bucket"
    return f"{environ['REQUEST_METHOD']} {of}{f' {query}' if query else ''}"


def _refused(environ: dict[str, Any], start_response: Callable[..., Any], fault: Fault) -> Iterable[bytes]:
    if fault.after_effect:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Connection", "close")])
        return [b""]
    said = f"told so by the test: {fault.code}"
    if environ.get("HTTP_X_AMZ_TARGET"):
        body, kind = json.dumps({"__type": fault.code, "message": said}).encode(), "application/x-amz-json-1.1"
    elif "Action" in environ.get("CONTENT_TYPE", "") or environ.get("CONTENT_TYPE", "").startswith(
        "application/x-www"
    ):
        text = f"<ErrorResponse><Error><Code>{fault.code}</Code><Message>{said}</Message></Error></ErrorResponse>"
        body, kind = text.encode(), "text/xml"
    else:
        body, kind = f"<Error><Code>{fault.code}</Code><Message>{said}</Message></Error>".encode(), "text/xml"
    start_response(f"{fault.status} told", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
