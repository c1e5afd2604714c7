"""The blobs of a played storage account: versions, metadata, lists, links that a delegated key signs.

Source: https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

AUDIENCE = "https://storage.azure.com"
Answer = tuple[int, Any, dict[str, str]]


class Blobs:
    """All blobs of all accounts, by host and path; each has its versions, the newest last; None: it was deleted."""

    def __init__(self, check_token: Callable[[Any, str], None]) -> None:
        self._check = check_token
        self.versions: dict[str, list[tuple[str, bytes, dict[str, str]]]] = {}
        self.deleted: set[str] = set()
        self._number = 0

    def answer(
        self, method: str, host: str, path: str, query: dict[str, list[str]], headers: Any, body: bytes
    ) -> Answer:
        """What is answered: to who is logged in, or has a link that is not over yet."""
        if "sig" not in query:
            self._check(headers, AUDIENCE)
        elif datetime.fromisoformat(query["se"][0]) < datetime.now(UTC):
            return (
                403,
                b"<Error><Code>AuthenticationFailed</Code></Error>",
                {"x-ms-error-code": "AuthenticationFailed"},
            )
        if query.get("comp") == ["userdelegationkey"]:
            return 200, _delegated(), {"Content-Type": "application/xml"}
        if query.get("comp") == ["list"]:
            return 200, self._listed(host, path, query), {"Content-Type": "application/xml"}
        name = f"{host}{unquote(path)}"
        if method == "PUT":
            return self._put(name, headers, body)
        found = self.versions.get(name)
        if found is None or (name in self.deleted and "versionid" not in query):
            return 404, b"", {"x-ms-error-code": "BlobNotFound"}
        if method == "DELETE":
            self.deleted.add(name)
            return 202, b"", {}
        wanted = query.get("versionid")
        version, data, metadata = next(each for each in reversed(found) if wanted in (None, [each[0]]))
        told = {
            "Content-Type": "application/octet-stream", "ETag": f'"{version}"', "x-ms-blob-type": "BlockBlob",
            "Last-Modified": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version-id": version,
            **{f"x-ms-meta-{key}": value for key, value in metadata.items()},
        }  # fmt: skip
        if method == "GET" and headers.get("x-ms-range"):
            told["Content-Range"] = f"bytes 0-{len(data) - 1}/{len(data)}"
            return 206, data, told
        return 200, data, told

    def _put(self, name: str, headers: Any, body: bytes) -> Answer:
        self._number += 1
        version = f"2025-01-31T09:30:05.{self._number:07}Z"
        metadata = {
            key[len("x-ms-meta-") :].lower(): value
            for key, value in headers.items()
            if key.lower().startswith("x-ms-meta-")
        }
        self.versions.setdefault(name, []).append((version, body, metadata))
        self.deleted.discard(name)
        now = format_datetime(datetime.now(UTC), usegmt=True)
        return 201, b"", {"ETag": f'"{version}"', "Last-Modified": now, "x-ms-version-id": version}

    def _listed(self, host: str, path: str, query: dict[str, list[str]]) -> bytes:
        container = f"{host}{path}/"
        prefix = query.get("prefix", [""])[0]
        has_versions = "versions" in query.get("include", [""])[0]
        rows = []
        for name, versions in sorted(self.versions.items()):
            key = name.removeprefix(container)
            if not name.startswith(container) or not key.startswith(prefix):
                continue
            shown = versions if has_versions else [] if name in self.deleted else versions[-1:]
            rows += [_row(key, *each) for each in shown]
        return (
            f'<?xml version="1.0"?><EnumerationResults><Blobs>{"".join(rows)}</Blobs></EnumerationResults>'.encode()
        )


def _row(key: str, version: str, data: bytes, metadata: dict[str, str]) -> str:
    said = "".join(f"<{name}>{value}</{name}>" for name, value in metadata.items())
    return (
        f"<Blob><Name>{key}</Name><VersionId>{version}</VersionId><Properties><Content-Length>{len(data)}"
        "</Content-Length><Last-Modified>Fri, 31 Jan 2025 09:30:05 GMT</Last-Modified>"
        f"<BlobType>BlockBlob</BlobType></Properties><Metadata>{said}</Metadata></Blob>"
    )


def _delegated() -> bytes:
    parts = {
        "SignedOid": "aaaaaaaa-0000-4000-8000-000000000001", "SignedTid": "99999999-8888-4777-8666-555555555555",
        "SignedStart": "2025-01-31T09:30:05Z", "SignedExpiry": "2099-01-31T09:30:05Z", "SignedService": "b",
        "SignedVersion": "2024-11-04", "Value": base64.b64encode(b"Qdl6-delegated-key-of-the-test").decode(),
    }  # fmt: skip
    rows = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items())
    return f'<?xml version="1.0"?><UserDelegationKey>{rows}</UserDelegationKey>'.encode()
