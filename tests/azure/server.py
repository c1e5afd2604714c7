"""Azure for tests: resource manager, Entra's tokens, Key Vault and the registry's own API, over TLS.

Blobs are Azurite's (`blobs.py`).

What is checked of a request is what Azure checks: a token of the right audience, an api-version, a region where one
is made, a name that is nobody else's, what is deleted and can be restored. Each vault and registry has an address
of its own (127.0.1.N, 127.0.2.N), for the SDKs tell them by their hosts.

| kind | how it is made |
|---|---|
| registries | 201, Azure-AsyncOperation; it is seen at once, in state Creating |
| flexibleServers, firewallRules | 202, Azure-AsyncOperation; it is not seen before it is there |
| storageAccounts | 202, Location |
| vaults, and what stands within another | at once |

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations,
https://learn.microsoft.com/rest/api/keyvault/, https://learn.microsoft.com/rest/api/containerregistry/
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import RLock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.azure.blobs import Blobs
from tools.json import Json

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
GROUP = "shop-rg"
REGION = "westeurope"
TENANT = "99999999-8888-4777-8666-555555555555"
PLACE = f"{SUBSCRIPTION}/{GROUP}/{REGION}"
ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
SECRET = "Qdl3CorrectHorseBatteryStaple0123456789a"
ENVIRONMENT = {
    "AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "77777777-6666-4555-8444-333333333333",
    "AZURE_CLIENT_SECRET": SECRET, "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION, "AZURE_DEFAULTS_GROUP": GROUP,
}  # fmt: skip
"""What a process needs to be somebody at Azure; with `PlayedAzure.environment`."""
_ADDRESSES = 9
"""Vaults, and registries, that have an address."""
_STEP = {"vaults": 1, "registries": 2, "storageAccounts": 3}
_SEEN_AT_MOST = 10
"""So often a resource is read while it is being made."""
Answer = tuple[int, Json | bytes | None, dict[str, str]]


@dataclass
class Fault:
    """What goes wrong with requests of a method and kind: `code` is Azure's own word for it."""

    method: str
    kind: str
    code: str
    status: int = 400
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    after_effect: bool = False
    """Whether the request takes effect, and only its answer is lost."""


class Refused(Exception):
    """Azure says no."""

    def __init__(self, status: int, code: str, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.answer: Answer = (status, {"error": {"code": code, "message": text}}, headers or {})


class PlayedAzure:
    """The server. `calls` are what it was asked for, in order: `PUT registries`."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = _certificate(folder)
        self.blobs = Blobs(self.certificate, key, _login, self._account_at)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server = ThreadingHTTPServer(("", 0), type("Handler", (_Handler,), {"played": self}))
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_port
        self.lock = RLock()
        self.reset()

    @property
    def url(self) -> str:
        """Of the resource manager, and of Entra."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to ask this Azure."""
        return {
            **ENVIRONMENT, "AZURE_AUTHORITY_HOST": self.url, "DESK_AZURE_ENDPOINT": self.url,
            "REQUESTS_CA_BUNDLE": str(self.certificate),
        }  # fmt: skip

    def start(self) -> None:
        """Serve until it is stopped."""
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """No more is served."""
        self.blobs.stop()
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """An empty resource group, no faults."""
        self.calls: list[str] = []
        self.faults: list[Fault] = []
        self.resources: dict[str, Json] = {}
        self.deleted: dict[str, Json] = {}
        self.operations: dict[str, Json] = {}
        self.secrets: dict[str, list[Json]] = {}
        self.deleted_secrets: dict[str, list[Json]] = {}
        self.blobs.stop()
        self.uploads: dict[str, bytes] = {}
        self.signature = "Qdl6UploadSignature"
        self.images: dict[str, dict[str, dict[str, str]]] = {}
        self.taken: set[str] = set()
        self.making = 0
        """How often an operation says that it goes on."""
        self.gives_up = ""
        """With which code the next operation fails, if with any."""
        self.passwords = 0

    def writes(self, kind: str) -> list[str]:
        """The requests that would make or change a kind."""
        return [each for each in self.calls if each in (f"PUT {kind}", f"PATCH {kind}", f"POST {kind}")]

    def answer(self, method: str, host: str, target: str, headers: Any, body: bytes) -> Answer:
        """What is answered to a request."""
        url = urlsplit(target)
        kind = _kind(host, url.path)
        if kind != "entra":
            self.calls.append(f"{method} {kind}")
        fault = next(
            (each for each in self.faults if (each.method, each.kind) == (method, kind) and each.times), None
        )
        if fault is not None:
            fault.times -= 1
            if not fault.after_effect:
                raise Refused(fault.status, fault.code, f"told so by the test: {fault.code}", fault.headers)
        try:
            answer = self._routed(method, host, url.path, parse_qs(url.query), headers, body)
        finally:
            if fault is not None:
                raise Refused(503, "ServiceUnavailable", "the answer is lost")
        return answer

    def _routed(
        self, method: str, host: str, path: str, query: dict[str, list[str]], headers: Any, body: bytes
    ) -> Answer:
        third = int(host.split(":", maxsplit=1)[0].split(".")[2])
        if third == _STEP["registries"]:
            return self._registry(method, host, path, headers)
        if third == _STEP["storageAccounts"]:
            return self.blobs.answer(method, host, path, query, headers, body)
        if path.startswith(f"/{TENANT}/"):
            return self._entra(path, body)
        if path.startswith("/uploads/"):
            return self._uploaded(path, query, headers, body)
        if third == _STEP["vaults"]:
            return self._vault(method, host, path, headers, json.loads(body or b"{}"))
        self._check_token(headers, self.url)
        if path.startswith("/operations/"):
            return self._operation(path.rpartition("/")[2])
        if "api-version" not in query:
            raise Refused(400, "MissingApiVersionParameter", "The api-version query parameter is required")
        return self._arm(method, path, json.loads(body or b"{}"))

    # Entra

    def _entra(self, path: str, body: bytes) -> Answer:
        if path.endswith("/openid-configuration"):
            root = f"{self.url}/{TENANT}"
            return 200, {
                "issuer": f"{root}/v2.0", "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token", "tenant_region_scope": "EU",
            }, {}  # fmt: skip
        asked = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        if asked.get("client_secret") != SECRET:
            told = {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided.",
            }
            return 401, told, {}
        token = _login(asked["scope"].removesuffix("/.default"))
        return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token}, {}

    def _check_token(self, headers: Any, audience: str, challenge: str = "") -> None:
        said = str(headers.get("Authorization") or "")
        found = {"WWW-Authenticate": challenge} if challenge else {}
        if not said.startswith("Bearer "):
            raise Refused(401, "AuthenticationFailed", "Authentication failed. The header is missing.", found)
        claims = json.loads(base64.urlsafe_b64decode(said.split(".")[1] + "=="))
        if claims["aud"] != audience:
            raise Refused(
                401, "InvalidAuthenticationTokenAudience", f"aud {claims['aud']} is not {audience}", found
            )

    # resource manager

    def _arm(self, method: str, path: str, body: Json) -> Answer:
        low = path.lower()
        if not low.startswith(f"/subscriptions/{SUBSCRIPTION}/"):
            raise Refused(404, "SubscriptionNotFound", "The subscription could not be found.")
        if low == f"/subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}":
            return 200, {"id": ROOT, "name": GROUP, "location": REGION, "properties": {}}, {}
        if "/resourcegroups/" in low and not low.startswith(ROOT.lower()):
            raise Refused(404, "ResourceGroupNotFound", "Resource group could not be found.")
        if "/deletedvaults/" in low:
            found = self.deleted.get(low.rpartition("/")[2])
            if found is None:
                raise Refused(404, "DeletedVaultNotFound", "The specified deleted vault does not exist.")
            return 200, found["deleted"], {}
        if method == "POST" or low.endswith("/listusages"):
            return self._action(path, body)
        if len([part for part in low.partition("/providers/")[2].split("/") if part]) % 2 == 0:
            return (
                200,
                {"value": [each for key, each in self.resources.items() if key.rpartition("/")[0] == low]},
                {},
            )
        if low.endswith("/blobservices/default"):
            owner = low.partition("/blobservices")[0]
            kept = self.resources[owner].setdefault("kept", {})
            kept.update(body.get("properties") or {})
            return 200, {"id": path, "name": "default", "properties": kept}, {}
        parent = low.rpartition("/")[0].rpartition("/")[0].removesuffix("/blobservices/default")
        if "/providers/" in parent.partition("/providers/")[2] or parent.count("/") > ROOT.count("/") + 3:
            owner = parent.partition("/providers/microsoft.authorization")[0]
            if owner not in self.resources:
                raise Refused(404, "ParentResourceNotFound", f"{owner} could not be found.")
        return {"GET": self._get, "PUT": self._put, "PATCH": self._patch, "DELETE": self._delete}[method](
            path, body
        )

    def _get(self, path: str, body: Json) -> Answer:
        found = self.resources.get(path.lower())
        if found is not None:
            self._time_passes(found)
        if found is None or found.get("hidden"):
            raise Refused(404, "ResourceNotFound", f"The Resource {path} was not found.")
        return 200, {key: value for key, value in found.items() if key not in ("hidden", "kept")}, {}

    def _time_passes(self, resource: Json) -> None:
        """What is being made is there at last, whether its operation is asked for or not."""
        for operation in self.operations.values():
            if operation["of"] is resource and not operation["fails"]:
                operation["seen"] = operation.get("seen", 0) + 1
                if operation["seen"] > _SEEN_AT_MOST:
                    self._finish(operation)

    def _put(self, path: str, body: Json) -> Answer:
        low, kind, name = path.lower(), _kind("127.0.0.1", path), path.rpartition("/")[2]
        there = self.resources.get(low)
        if there is not None and there["properties"].get("provisioningState") in ("Creating", "Updating"):
            raise Refused(409, "OperationInProgress", "Another operation is in progress.")
        if there is None and name.lower() in self.taken:
            raise Refused(409, "AlreadyInUse", f"The name {name} is already in use.")
        properties = dict(body.get("properties") or {})
        if kind == "flexibleServers" and not properties.pop("administratorLoginPassword", None):
            raise Refused(400, "InvalidParameterValue", "Invalid value given for administratorLoginPassword.")
        if kind == "vaults" and (answer := self._recovered(name, properties)):
            return answer
        if kind in _TOP and body.get("location") != REGION:
            raise Refused(400, "LocationRequired", "The location property is required for this definition.")
        if kind == "roleAssignments" and there is not None:
            raise Refused(409, "RoleAssignmentExists", "The role assignment already exists.")
        state = {"provisioningState": "Succeeded"} if kind != "roleAssignments" else {}
        before = there["properties"] if there is not None else {}
        made: Json = {
            **body, "id": path, "name": name,
            "properties": {**before, **properties, **state, **self._computed(kind, low)},
        }  # fmt: skip
        made.setdefault("systemData", {"createdAt": datetime.now(UTC).isoformat()})
        self.resources[low] = made
        if kind == "containers":
            self.blobs.container("PUT", low.split("/")[-5], name, properties.get("publicAccess", "None"))
        if kind not in _SLOW:
            return 201 if there is None else 200, self._get(path, {})[1], {}
        return self._begun(kind, made)

    def _begun(self, kind: str, made: Json) -> Answer:
        number, (status, header, is_hidden) = str(uuid4()), _SLOW[kind]
        made["hidden"] = is_hidden
        made["properties"]["provisioningState"] = "Creating"
        self.operations[number] = {"left": self.making, "of": made, "header": header, "fails": self.gives_up}
        self.gives_up = ""
        if not self.making and not self.operations[number]["fails"]:
            self._finish(self.operations[number])
        signed = (
            "t=638736&c=MIIHpTCCBo2gAwIBAgITOgQqYSbTREUaCgADBCpSxQAA&s=NkVnPz0c_dZ8o0Hh3rJ1&h=gkXoyqfYyVQG5Yw1Kdk2"
        )
        where = f"{self.url}/operations/{number}?api-version=2024-01-01&{signed}"
        told = None if is_hidden else self._get(made["id"], {})[1]
        return status, told, {header: where, "Retry-After": "15"}

    def _operation(self, number: str) -> Answer:
        found = self.operations[number]
        found["left"] -= 1
        if found["left"] > 0:
            return (202, None, {}) if found["header"] == "Location" else (200, {"status": "InProgress"}, {})
        if found["fails"]:
            found["of"]["properties"]["provisioningState"] = "Failed"
            error = {"code": found["fails"], "message": "told so by the test"}
            return 200, {"status": "Failed", "error": error}, {}
        self._finish(found)
        return 200, {"status": "Succeeded"} if found["header"] != "Location" else found["of"], {}

    def _finish(self, operation: Json) -> None:
        operation["of"]["hidden"] = False
        operation["of"]["properties"]["provisioningState"] = "Succeeded"
        if "runRequest" in operation["of"]["properties"]:
            self._built(operation["of"])

    def _patch(self, path: str, body: Json) -> Answer:
        found = self.resources.get(path.lower())
        if found is None:
            raise Refused(404, "ResourceNotFound", f"The Resource {path} was not found.")
        properties = {**found["properties"], **(body.get("properties") or {})}
        found.update({**body, "properties": properties})
        if _kind("127.0.0.1", path) == "flexibleServers":
            self.operations[number := str(uuid4())] = {"left": 0, "of": found, "header": "Location", "fails": ""}
            return 202, None, {"Location": f"{self.url}/operations/{number}?api-version=2024-01-01"}
        return self._get(path, {})

    def _delete(self, path: str, body: Json) -> Answer:
        low, kind = path.lower(), _kind("127.0.0.1", path)
        if low not in self.resources:
            return 204, None, {}
        if kind == "scopeMaps" and any(
            str(each["properties"].get("scopeMapId") or "").lower() == low for each in self.resources.values()
        ):
            raise Refused(409, "CannotDeleteScopeMap", "The scope map is in use by a token.")
        found = self.resources.pop(low)
        if kind == "containers":
            self.blobs.container("DELETE", low.split("/")[-5], found["name"], "None")
        for each in [key for key in self.resources if key.startswith(f"{low}/")]:
            del self.resources[each]
        if kind == "vaults":
            until = (datetime.now(UTC) + timedelta(days=90)).isoformat()
            told = {
                "id": low, "name": found["name"],
                "properties": {"vaultId": found["id"], "tags": found.get("tags"), "scheduledPurgeDate": until},
            }  # fmt: skip
            self.deleted[found["name"].lower()] = {"resource": found, "deleted": told}
        if kind in ("flexibleServers", "firewallRules"):
            self.operations[number := str(uuid4())] = {"left": 0, "of": found, "header": "Location", "fails": ""}
            return 202, None, {"Location": f"{self.url}/operations/{number}?api-version=2024-01-01"}
        return 200, None, {}

    def _recovered(self, name: str, properties: Json) -> Answer | None:
        there = self.deleted.get(name.lower())
        if properties.get("createMode") == "recover":
            if there is None:
                raise Refused(404, "DeletedVaultNotFound", "There is no such deleted vault.")
            found = self.deleted.pop(name.lower())["resource"]
            self.resources[found["id"].lower()] = found
            return 200, found, {}
        if there is not None:
            raise Refused(409, "ConflictError", "A vault with the same name already exists in deleted state.")
        return None

    def _computed(self, kind: str, low: str) -> Json:
        """What Azure adds to the properties of a resource."""
        if kind == "registries":
            return {"loginServer": self._host(low, kind), "creationDate": "2025-01-31T09:30:05Z"}
        if kind == "vaults":
            return {"vaultUri": f"https://{self._host(low, kind)}/"}
        if kind == "storageAccounts":
            return {"primaryEndpoints": {"blob": f"https://{self._host(low, kind)}/"}}
        if kind == "flexibleServers":
            return {"state": "Ready", "fullyQualifiedDomainName": f"{low.rpartition('/')[2]}.played.example.com"}
        if kind == "roleAssignments":
            return {"createdOn": "2025-01-31T09:30:05Z"}
        return {}

    def _host(self, low: str, kind: str) -> str:
        key = {"registries": "loginServer", "vaults": "vaultUri", "storageAccounts": "primaryEndpoints"}[kind]
        if low in self.resources:
            said = self.resources[low]["properties"][key]
            url = said["blob"] if kind == "storageAccounts" else said
            return str(url if kind == "registries" else urlsplit(url).netloc)
        used = " ".join(str(each["properties"].get(key)) for each in self.resources.values())
        step = _STEP[kind]
        free = next(n for n in range(1, _ADDRESSES) if f"127.0.{step}.{n}:" not in used)
        return f"127.0.{step}.{free}:{self.port}"

    def _account_at(self, host: str) -> str:
        """The storage account that has this address."""
        return next(
            str(each["name"]) for each in self.resources.values()
            if each["properties"].get("primaryEndpoints", {}).get("blob") == f"https://{host}/"
        )  # fmt: skip

    def _action(self, path: str, body: Json) -> Answer:
        owner, _, action = path.rpartition("/")
        registry = owner.rpartition("/")[2]
        if action == "listUsages":
            size = sum(len(tags) for tags in self.images.get(registry, {}).values()) * 1024
            return 200, {"value": [{"name": "Size", "limit": 10**9, "currentValue": size, "unit": "Bytes"}]}, {}
        if action == "generateCredentials":
            if body["tokenId"].lower() not in self.resources:
                raise Refused(404, "TokenNotFound", "The token does not exist.")
            self.passwords += 1
            told = {"name": body["name"], "value": f"Qdl4TokenPassword{self.passwords}", "expiry": body["expiry"]}
            return 200, {"username": body["tokenId"].rpartition("/")[2], "passwords": [told]}, {}
        if action == "listBuildSourceUploadUrl":
            where = f"source/{uuid4().hex}.tar.gz"
            return 200, {"uploadUrl": f"{self.url}/uploads/{where}?sig={self.signature}", "relativePath": where}, {}
        raise Refused(400, "UnknownAction", action)

    # builds

    def _uploaded(self, path: str, query: dict[str, list[str]], headers: Any, body: bytes) -> Answer:
        if query.get("sig") != [self.signature] or headers.get("Authorization"):
            raise Refused(403, "AuthenticationFailed", "The signature, and nothing else, lets in.")
        self.uploads[path.removeprefix("/uploads/")] = body
        return 201, None, {"ETag": '"1"', "Last-Modified": "Fri, 31 Jan 2025 09:30:05 GMT"}

    def _built(self, run: Json) -> None:
        asked = run["properties"]["runRequest"]
        registry = run["id"].split("/")[-3]
        repository, _, tag = asked["imageNames"][0].partition(":")
        source = self.uploads[asked["sourceLocation"]]
        digest = f"sha256:{hashlib.sha256(source).hexdigest()}"
        self.images.setdefault(registry, {}).setdefault(repository, {})[tag] = digest
        made = {"registry": registry, "repository": repository, "tag": tag, "digest": digest}
        told = {"runId": "cb1", "status": "Succeeded", "outputImages": [made]}
        run["properties"]["runResult"] = {"properties": told}

    # Key Vault

    def _vault(self, method: str, host: str, path: str, headers: Any, body: Json) -> Answer:
        number = host.split(":", maxsplit=1)[0].rpartition(".")[2]
        resource = f"https://0.{_STEP['vaults']}.{number}:{self.port}"
        challenge = f'Bearer authorization="{self.url}/{TENANT}", resource="{resource}"'
        self._check_token(headers, resource, challenge)
        parts = path.strip("/").split("/")
        name = f"{host}/{parts[1]}" if len(parts) > 1 else ""
        if parts[0] == "deletedsecrets":
            return self._deleted_secret(method, host, name, parts)
        if len(parts) == 1:
            names = [each for each in self.secrets if each.startswith(f"{host}/")]
            return 200, {"value": [_without(self.secrets[each][-1]) for each in names]}, {}
        versions = self.secrets.get(name, [])
        if method == "PUT":
            if name in self.deleted_secrets:
                raise Refused(409, "Conflict", "Secret is currently in a deleted but recoverable state.")
            made = {
                **body, "id": f"https://{host}/secrets/{parts[1]}/{uuid4().hex}",
                "attributes": {"enabled": True, "created": int(datetime.now(UTC).timestamp())},
            }  # fmt: skip
            self.secrets.setdefault(name, []).append(made)
            return 200, made, {}
        if not versions:
            raise Refused(
                404, "SecretNotFound", f"A secret with the name {parts[1]} was not found in this key vault."
            )
        if method == "DELETE":
            until = int((datetime.now(UTC) + timedelta(days=90)).timestamp())
            self.deleted_secrets[name] = [{**each, "until": until} for each in self.secrets.pop(name)]
            return 200, self._told_deleted(host, name), {}
        if parts[-1] == "versions":
            return 200, {"value": [_without(each) for each in versions]}, {}
        version = parts[2] if len(parts) > 2 else ""
        found = next(each for each in reversed(versions) if each["id"].endswith(version))
        if method == "PATCH":
            found.update(body)
            return 200, _without(found), {}
        return 200, found, {}

    def _deleted_secret(self, method: str, host: str, name: str, parts: list[str]) -> Answer:
        if len(parts) == 1:
            gone = [each for each in self.deleted_secrets if each.startswith(f"{host}/")]
            return 200, {"value": [self._told_deleted(host, each) for each in gone]}, {}
        if name not in self.deleted_secrets:
            raise Refused(404, "SecretNotFound", f"The deleted secret {parts[1]} was not found.")
        if method == "POST":
            self.secrets[name] = self.deleted_secrets.pop(name)
            return 200, _without(self.secrets[name][-1]), {}
        return 200, self._told_deleted(host, name), {}

    def _told_deleted(self, host: str, name: str) -> Json:
        until = self.deleted_secrets[name][-1]["until"]
        recovery = f"https://{host}/deletedsecrets/{name.rpartition('/')[2]}"
        return {**_without(self.deleted_secrets[name][-1]), "recoveryId": recovery, "scheduledPurgeDate": until,
                "deletedDate": until}  # fmt: skip

    # the registry's own API

    def _registry(self, method: str, host: str, path: str, headers: Any) -> Answer:
        if path == "/oauth2/exchange":
            return 200, {"refresh_token": _token({"aud": host, "exp": 4_000_000_000})}, {}
        if path == "/oauth2/token":
            return 200, {"access_token": _token({"aud": host})}, {}
        realm = f'Bearer realm="https://{host}/oauth2/token",service="{host}",scope="registry:catalog:*"'
        self._check_token(headers, host, realm)
        registry = next(
            each["name"] for each in self.resources.values() if each["properties"].get("loginServer") == host
        )
        images = self.images.get(registry, {})
        if path == "/acr/v1/_catalog":
            return 200, {"repositories": sorted(images)}, {}
        repository = unquote(path).removeprefix("/acr/v1/").removesuffix("/_tags")
        if repository not in images:
            told = {"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}]}
            return 404, told, {}
        now = "2025-01-31T09:30:05.1234567Z"
        tags = [
            {
                "name": tag,
                "digest": digest,
                "createdTime": now,
                "lastUpdateTime": now,
                "signed": False,
                "changeableAttributes": dict.fromkeys(
                    ("deleteEnabled", "writeEnabled", "readEnabled", "listEnabled"), True
                ),
            }
            for tag, digest in images[repository].items()
        ]
        return 200, {"registry": host, "imageName": repository, "tags": tags}, {}


_TOP = ("registries", "vaults", "flexibleServers", "storageAccounts")
_SLOW: dict[str, tuple[int, str, bool]] = {
    "registries": (201, "Azure-AsyncOperation", False),
    "flexibleServers": (202, "Azure-AsyncOperation", True),
    "firewallRules": (202, "Azure-AsyncOperation", True),
    "storageAccounts": (202, "Location", False),
    "taskRuns": (201, "Azure-AsyncOperation", False),
}
"""Kind -> how a PUT is answered, where it says to ask, whether it cannot be seen yet."""


def _kind(host: str, path: str) -> str:
    """What a request is about: the type of the resource, or the API that is asked."""
    third = host.split(":", maxsplit=1)[0].split(".")[2]
    if path.startswith(f"/{TENANT}/") or path.startswith("/oauth2/"):
        return "entra"
    if third == str(_STEP["registries"]):
        return "images"
    if third == str(_STEP["storageAccounts"]):
        return "blobs"
    if third == str(_STEP["vaults"]):
        return path.strip("/").split("/")[0]
    if path.startswith(("/operations/", "/uploads/")):
        return path.split("/")[1]
    parts = path.rpartition("/providers/")[2].split("/")[1:]
    named = parts[-2] if len(parts) % 2 == 0 and parts else (parts or ["resourceGroups"])[-1]
    return named if "/providers/" in path else "resourceGroups"


def _without(secret: Json) -> Json:
    return {key: value for key, value in secret.items() if key != "value"}


def _login(audience: str) -> str:
    """A token of who is logged in, as Entra gives one."""
    now = int(datetime.now(UTC).timestamp())
    return _token(
        {
            "aud": audience, "tid": TENANT, "iss": f"https://sts.windows.net/{TENANT}/",
            "appid": ENVIRONMENT["AZURE_CLIENT_ID"], "oid": "aaaaaaaa-0000-4000-8000-000000000001",
            "iat": now, "nbf": now, "exp": now + 3600,
        }
    )  # fmt: skip


def _token(claims: Json) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    said = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    return ".".join([*said, "c2ln"])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    played: PlayedAzure

    def setup(self) -> None:
        self.request.do_handshake()
        super().setup()

    def _served(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.played.lock:
            try:
                host = str(self.headers["Host"])
                status, said, headers = self.played.answer(self.command, host, self.path, self.headers, body)
            except Refused as error:
                status, said, headers = error.answer
        told = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(told)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _served

    def log_message(self, *_: Any) -> None: ...


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for all addresses, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "played Azure")])
    addresses = ["127.0.0.1", *(f"127.0.{third}.{n}" for third in (1, 2, 3) for n in range(1, _ADDRESSES))]
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(each)) for each in addresses])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, private = folder / "azure.crt", folder / "azure.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, private
