"""What the plain agent's tool does: nothing, a line in a file, or one HTTP request. Each counts where it lands."""

from __future__ import annotations

import os
import ssl
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

TURN = "{turn}"
"""Stands for the turn's number in a body and a URL."""
TIMEOUT_S = 30.0


def nothing(turn: int) -> str:
    """No effect."""
    return f"looked at page {turn}"


@dataclass(frozen=True, slots=True)
class Line:
    """Append the turn's number to a file, safe on disk."""

    file: Path

    def __call__(self, turn: int) -> str:
        """The effect of a turn."""
        with self.file.open("a") as opened:
            opened.write(f"{turn}\n")
            opened.flush()
            os.fsync(opened.fileno())
        return f"wrote line {turn}"


@dataclass(frozen=True, slots=True)
class Request:
    """Send one request; raises `urllib.error.URLError` when it fails. TLS trusts `tls`, which may hold a client
    certificate, as a kubeconfig's user has."""

    url: str
    method: str = "PATCH"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    def __call__(self, turn: int) -> str:
        """The effect of a turn."""
        request = urllib.request.Request(
            self.url.replace(TURN, str(turn)),
            data=self.body.replace(TURN, str(turn)).encode() or None,
            headers=self.headers,
            method=self.method,
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=self.tls) as answer:
            return f"{self.method} {self.url}: {answer.status}"


def tls(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    """Trust in an API server's CA, and a client certificate if one is given (paths of PEM files)."""
    context = ssl.create_default_context(cafile=ca or None)
    if certificate:
        context.load_cert_chain(certificate, key or None)
    return context
