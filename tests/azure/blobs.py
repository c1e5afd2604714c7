"""The blobs of a played storage account: Azurite, with what it lacks before it.

| what Azurite lacks | is played so |
|---|---|
| versions | a snapshot after each upload; a request for versions is one for snapshots |
| links signed as of version 2025-07-05 of the API | the signature is checked here, by the key that Azurite gave |
| an address of each account's own | 127.0.3.N is an account's, as the resource manager has told it |

`make .azurite/.ready` gets it. Source: https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
import urllib3

ACCOUNTS = ("acmeshopdev",)
AUDIENCE = "https://storage.azure.com"
Answer = tuple[int, Any, dict[str, str]]
_MAIN = Path(__file__).parents[2] / ".azurite/node_modules/azurite/dist/src/blob/main.js"
_SIGNED = (
    "sp", "st", "se", "/", "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid",
    "sduoid", "sip", "spr", "sv", "sr", "snapshot", "ses", "headers", "query", "rscc", "rscd", "rsce", "rscl",
    "rsct",
)  # fmt: skip
"""What a link's signature is of, in order; "/" is the blob. Source: create-user-delegation-sas of that API."""
_HOPS = (
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "keep-alive",
    "server",
    "transfer-encoding",
)


class Blobs:
    """Azurite, started when it is first asked. `token` gives one that it takes, `account` whose an address is."""

    def __init__(
        self, certificate: Path, key: Path, token: Callable[[str], str], account: Callable[[str], str]
    ) -> None:
        self._files = (certificate, key)
        self._token = token
        self._account = account
        self._process: subprocess.Popen[str] | None = None
        self._http = urllib3.PoolManager(ca_certs=str(certificate), retries=False, timeout=30)
        self._keys: dict[str, bytes] = {}
        self._url = ""

    def start(self) -> None:
        """Skips the test where Azurite is not there."""
        node = shutil.which("node")
        if node is None or not _MAIN.exists():
            pytest.skip("Azurite is not there: make .azurite/.ready")
        certificate, key = self._files
        accounts = ";".join(f"{each}:{base64.b64encode(each.encode()).decode()}" for each in ACCOUNTS)
        self._process = subprocess.Popen(
            [
                node, str(_MAIN), "--inMemoryPersistence", "--blobPort", "0", "--skipApiVersionCheck", "--silent",
                "--oauth", "basic", "--cert", str(certificate), "--key", str(key),
            ],
            stdout=subprocess.PIPE, text=True, cwd=certificate.parent,
            env={"PATH": os.environ["PATH"], "AZURITE_ACCOUNTS": accounts},
        )  # fmt: skip
        told = ""
        for told in self._process.stdout or ():
            if found := re.search(r"listens on (https://\S+)", told):
                self._url = found[1]
                return
        raise AssertionError(f"Azurite did not start: {told}")

    def stop(self) -> None:
        """Azurite is gone, with all that it held."""
        self._http.clear()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def container(self, method: str, account: str, name: str, public: str) -> None:
        """Make or remove a container, as the resource manager is told to."""
        if self._process is None:
            return
        access = {} if public == "None" else {"x-ms-blob-public-access": public.lower()}
        self._send(method, f"/{account}/{name}", {"restype": "container"}, access, b"")

    def answer(
        self, method: str, host: str, path: str, asked: dict[str, list[str]], headers: Any, body: bytes
    ) -> Answer:
        """What Azurite answers."""
        account = self._account(host)
        query = {key: values[0] for key, values in asked.items()}
        given = {key.lower(): value for key, value in headers.items() if key.lower() not in _HOPS}
        if "sig" in query:
            if not self._is_signed(account, path, query):
                return 403, b"", {"x-ms-error-code": "AuthenticationFailed"}
            query, given["authorization"] = {}, f"Bearer {self._token(AUDIENCE)}"
        if "versionid" in query:
            query["snapshot"] = query.pop("versionid")
        query = {
            key: value.replace("versions", "snapshots") if key == "include" else value
            for key, value in query.items()
        }
        if method == "DELETE":
            given["x-ms-delete-snapshots"] = "include"
        answer = self._sent(method, f"/{account}{path}", query, given, body)
        told = {key: value for key, value in answer.headers.items() if key.lower() not in _HOPS}
        told["Content-Type"] = answer.headers.get("Content-Type") or "application/xml"
        if method == "HEAD" and "Content-Length" in answer.headers:
            told["Content-Length"] = answer.headers["Content-Length"]
        if method == "PUT" and answer.status == 201 and not query:
            snapshot = self._send("PUT", f"/{account}{path}", {"comp": "snapshot"}, {}, b"")
            told["x-ms-version-id"] = snapshot.headers["x-ms-snapshot"]
        if query.get("comp") == "userdelegationkey":
            self._keep(account, answer.data.decode())
        return answer.status, answer.data.replace(b"Snapshot>", b"VersionId>"), told

    def _keep(self, account: str, text: str) -> None:
        found = re.search(r"<Value>(.+)</Value>", text)
        assert found, text
        self._keys[account] = base64.b64decode(found[1])

    def _is_signed(self, account: str, path: str, query: Mapping[str, str]) -> bool:
        """Whether a link is signed by the key that was given, for this blob, and is not over."""
        named = {**query, "/": f"/blob/{account}{unquote(path)}"}
        text = "\n".join(named.get(each, "") for each in _SIGNED)
        signature = hmac.new(self._keys.get(account, b""), text.encode(), hashlib.sha256).digest()
        is_over = datetime.fromisoformat(query["se"]) < datetime.now(UTC)
        return not is_over and hmac.compare_digest(base64.b64encode(signature).decode(), query["sig"])

    def _send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> urllib3.BaseHTTPResponse:
        """A request of our own, which Azurite has to take."""
        own = {
            "authorization": f"Bearer {self._token(AUDIENCE)}", "x-ms-version": "2025-01-05",
            "x-ms-date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }  # fmt: skip
        answer = self._sent(method, path, query, {**own, **headers}, body)
        assert answer.status < 300, answer.data
        return answer

    def _sent(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> urllib3.BaseHTTPResponse:
        where = f"{self._url}{path}" + (f"?{urlencode(query)}" if query else "")
        answer: urllib3.BaseHTTPResponse = self._http.request(method, where, headers=headers, body=body)
        return answer
