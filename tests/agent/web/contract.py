"""Whether an answer of the API is one that its OpenAPI document has."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
import jsonschema

from agent.web.api.openapi import document

ROOT = "/api/v1"


def obeys(response: httpx.Response) -> None:
    """Fails for a status, a media type, a header or a body that the operation does not have."""
    operation = operation_of(response.request.method, response.request.url.path)
    if operation is None:  # a path or a method that is none
        assert response.status_code in (404, 405), response
        told = document()["components"]["responses"][f"problem-{response.status_code}"]
    else:
        assert str(response.status_code) in operation["responses"], (response, operation["operationId"])
        told = resolved(operation["responses"][str(response.status_code)])
    media = response.headers["content-type"].partition(";")[0]
    assert list(told["content"]) == [media], response
    for name, header in told.get("headers", {}).items():
        assert name in response.headers or (name == "Location" and response.status_code == 200), (name, header)
    if media != "text/event-stream":
        check(response.read() and response.json(), told["content"][media]["schema"])


def check(value: Any, schema: dict[str, Any]) -> None:
    """Fails for a value that is not of a schema of the document's."""
    jsonschema.validate(value, {**schema, "components": document()["components"]})


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference means."""
    if "$ref" not in part:
        return part
    found: Any = document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The operation of a request."""
    for pattern, item in _patterns():
        if pattern.fullmatch(path.removeprefix(ROOT)):
            found: dict[str, Any] | None = item.get(method.lower())
            return found
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), item) for path, item in document()["paths"].items()]
