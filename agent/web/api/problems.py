"""How a refusal is told: RFC 9457, one document for every status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from agent.redaction import Redactor
from agent.web.api.bodies import NAMES, Problem

MEDIA_TYPE = "application/problem+json"


class Refused(Exception):
    """A request is not answered; the text says what, where and what next."""

    def __init__(self, status: int, said: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.headers = dict(headers or {})


def no_login(said: str) -> Refused:
    """Nobody knows who asks. Source: RFC 6750, section 3"""
    return Refused(HTTPStatus.UNAUTHORIZED, said, {"WWW-Authenticate": 'Bearer realm="desk"'})


def answer(status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that is refused."""
    told = Problem(
        type=f"urn:desk:problem:{NAMES.get(status, 'other')}", title=HTTPStatus(status).phrase,
        status=status, detail=Redactor().text(said),
    )  # fmt: skip
    return Response(msgspec.json.encode(told), status, dict(headers or {}), MEDIA_TYPE)
