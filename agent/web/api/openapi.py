"""The OpenAPI document of the API, made of its table and of the types that it takes and gives. Pure.

Source: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec

from agent import __version__
from agent.web.api.bodies import Problem
from agent.web.api.operations import OPERATIONS, ROOT, Operation, Parameter
from tools.json import Json

_IN_PATH = re.compile(r"{(\w+)}")
_SECURITY: dict[str, list[dict[str, list[str]]]] = {"token": [{"token": []}], "link": [{"link": []}], "none": []}


@cache
def document() -> Json:
    """The document; the same for everybody."""
    types = {each: None for operation in OPERATIONS for each in _types(operation)}
    _, parts = msgspec.json.schema_components([*types, Problem], ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Desk",
            "version": __version__,
            "summary": "Sessions of a developer-experience agent, what they wait for, and what happens in them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ROOT}],
        "paths": _paths(),
        "components": {
            "schemas": parts,
            "responses": {f"problem-{status}": _problem(status) for status in _problem_statuses()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of the cluster's for the audience desk, an ID token, or one of /login.",
                },
                "link": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The key of a link that desk serve printed.",
                },
            },
        },
    }


def _types(operation: Operation) -> list[type]:
    found = [*operation.answers.values(), *([operation.body] if operation.body else [])]
    return [each for each in found if each is not dict]


def _paths() -> Json:
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> Json:
    parameters = [*_of_path(operation.path), *map(_parameter, operation.parameters)]
    answers = {str(status): _answer(operation, status, kind) for status, kind in operation.answers.items()}
    problems = {str(each): {"$ref": f"#/components/responses/problem-{each}"} for each in operation.problems}
    told: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": _SECURITY[operation.login],
        "responses": {**answers, **problems},
    }
    if parameters:
        told["parameters"] = parameters
    if operation.body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(operation.body)}}}
    return told


def _answer(operation: Operation, status: int, kind: type) -> Json:
    media = "text/event-stream" if operation.streams else "application/json"
    schema: Json = {"type": "object"} if kind is dict else _ref(kind)
    # In OpenAPI 3.1 there is no word for the items of a stream: what is told of one is its text.
    content: Json = {"schema": {"type": "string"}} if operation.streams else {"schema": schema}
    said = HTTPStatus(status).phrase
    if operation.streams:
        said = f"Server-sent events; the data of each is {kind.__name__}, its id the event's seq."
    headers = {
        name: {"description": what, "schema": {"type": "string"}} for name, what in operation.headers.items()
    }
    return {"description": said, "content": {media: content}, **({"headers": headers} if headers else {})}


def _problem(status: int) -> Json:
    headers: dict[int, Json] = {
        401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
        405: {"Allow": {"schema": {"type": "string"}}},
        429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
    }
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": _ref(Problem)}},
        **({"headers": headers[status]} if status in headers else {}),
    }


def _problem_statuses() -> list[int]:
    return sorted({status for operation in OPERATIONS for status in operation.problems})


def _of_path(path: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _IN_PATH.findall(path)
    ]


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name, "in": parameter.where, "description": parameter.means, "schema": parameter.schema,
    }  # fmt: skip


def _ref(kind: type) -> Any:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
