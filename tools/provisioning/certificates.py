"""Client certificates that the cluster signed for somebody: they cannot be revoked, and end by themselves.

The API server keeps an approved request for an hour only: what is older is not listed.
Source: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ ; of the encoding,
ITU-T X.690 and RFC 5280 (4.1.2.5)
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden
from tools.json import Json

REQUESTS = "certificatesigningrequests.certificates.k8s.io"
_PEM = re.compile(rb"-----BEGIN [A-Z ]+-----(.*?)-----END", re.DOTALL)
_COMMON_NAME = b"\x06\x03\x55\x04\x03"
"""The object identifier 2.5.4.3 as it is encoded; a string follows: its tag, its length, its bytes."""
_TIME = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
_VALIDITY = re.compile(rb"\x30." + _TIME + _TIME, re.DOTALL)
"""From when until when: each a UTCTime or a GeneralizedTime."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The request it was signed for, and until when it is valid (UTC); empty: that cannot be read."""

    request: str
    until: str


def certificates_of(cluster: Cluster, user: str) -> list[Certificate] | None:
    """Those that were signed for a user, as far as their requests are still there; None: they may not be listed."""
    try:
        requests = cluster.list(REQUESTS, None)
    except Forbidden:
        return None
    return list(_signed(requests, user))


def _signed(requests: list[Json], user: str) -> Iterator[Certificate]:
    for each in requests:
        signed = _der(each.get("status", {}).get("certificate") or "")
        if signed and user in (each["spec"].get("username"), *common_names(_der(each["spec"]["request"]))):
            yield Certificate(each["metadata"]["name"], until(signed))


def common_names(der: bytes) -> list[str]:
    """The common names in a certificate or a request for one."""
    names = []
    for part in der.split(_COMMON_NAME)[1:]:
        length = part[1] if len(part) > 1 else 0
        names.append(part[2 : 2 + length].decode("utf-8", "replace"))
    return names


def until(der: bytes) -> str:
    """The end of a certificate's validity as RFC 3339 writes it."""
    found = _VALIDITY.search(der)
    if found is None:
        return ""
    digits = (found[3] or found[4]).decode()
    if found[3]:  # two digits of the year: 50 and more are of the last century
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}Z"


def _der(encoded: str) -> bytes:
    """What is in a PEM text that is itself base64; empty where it is no such thing."""
    try:
        inside = _PEM.search(base64.b64decode(encoded))
        return base64.b64decode(inside[1]) if inside else b""
    except (binascii.Error, ValueError):
        return b""
