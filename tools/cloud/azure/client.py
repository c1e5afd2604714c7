"""The client for Azure: one way to send a request, the subscription it goes to, errors translated.

Bodies and answers are the JSON of Azure's REST API, whatever the SDK calls its fields.

Sources: https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains,
https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any
from urllib.parse import urlparse

from azure.core.pipeline.policies import RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential

from tools.cloud.azure import kinds
from tools.cloud.azure.errors import translated
from tools.cloud.resource import Account, Kind
from tools.cluster.errors import ClusterSettingsError, Invalid, NotFound
from tools.errors import ToolFailed
from tools.json import Json

PUBLIC = "https://management.azure.com"
READ_TRIES = 3
"""Of one request that only reads, and was throttled or not answered; others are the loop's to repeat."""
LONGEST_WAIT_S = 10.0
"""Before such another try, whatever Retry-After says."""
BLOBS_LISTED = 100
FINISHED_WITHIN_S = 60
"""What is waited for, in seconds."""
_LOGIN = ("login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn")


class _Patience(RetryPolicy[Any, Any]):
    def get_retry_after(self, response: Any) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT_S)


def _registries() -> Any:
    from azure.mgmt.containerregistry import ContainerRegistryManagementClient

    return ContainerRegistryManagementClient


def _vaults() -> Any:
    from azure.mgmt.keyvault import KeyVaultManagementClient

    return KeyVaultManagementClient


def _resources() -> Any:
    from azure.mgmt.resource.resources import ResourceManagementClient

    return ResourceManagementClient


def _roles() -> Any:
    from azure.mgmt.authorization import AuthorizationManagementClient

    return AuthorizationManagementClient


def _postgres() -> Any:
    from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient

    return PostgreSQLManagementClient


def _mysql() -> Any:
    from azure.mgmt.mysqlflexibleservers import MySQLManagementClient

    return MySQLManagementClient


def _storage() -> Any:
    from azure.mgmt.storage import StorageManagementClient

    return StorageManagementClient


_MANAGED: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {
        "registries": _registries,
        "vaults": _vaults,
        "resources": _resources,
        "roles": _roles,
        "postgres": _postgres,
        "mysql": _mysql,
        "storage": _storage,
    }
)
"""Service -> the client of its management SDK, imported when it is asked for."""


class Azure:
    """`Cloud` of one resource group of a subscription."""

    def __init__(self, subscription: str, group: str, region: str | None, endpoint: str, timeout_s: float) -> None:
        self.subscription = subscription
        self.group = group
        self.endpoint = endpoint.rstrip("/")
        own = urlparse(os.environ.get("AZURE_AUTHORITY_HOST") or f"https://{_LOGIN[0]}").netloc
        self.credential = DefaultAzureCredential(disable_instance_discovery=own not in _LOGIN)
        self._timeout_s = timeout_s
        self._region = region
        self._clients: dict[str, Any] = {}
        self._stores: dict[str, Any] = {}
        self._vaults: dict[str, Any] = {}
        self._account: Account | None = None

    @classmethod
    def connect(
        cls, subscription: str | None, group: str | None, region: str | None, endpoint: str | None, timeout_s: float
    ) -> Azure:
        """As Azure's own tools find credentials. Raises `ClusterSettingsError` where it is not said where."""
        if not subscription:
            raise ClusterSettingsError(
                "No Azure subscription is said. Give --azure-subscription, or AZURE_SUBSCRIPTION_ID (az account "
                "show --query id)."
            )
        if not group:
            raise ClusterSettingsError(
                "No resource group of Azure is said. Give --azure-group, or AZURE_DEFAULTS_GROUP (az group list)."
            )
        return cls(subscription, group, region, endpoint or PUBLIC, timeout_s)

    @property
    def _scope(self) -> str:
        return f"{self.endpoint}/.default"

    def _options(self) -> dict[str, Any]:
        """Of one client: its policies are linked to each other, and are no other client's."""
        return {**self._timeouts(), "retry_policy": _Patience()}

    def _timeouts(self) -> dict[str, Any]:
        return {
            "connection_timeout": min(self._timeout_s, 10), "read_timeout": self._timeout_s,
            "user_agent": "desk-agent",
        }  # fmt: skip

    @property
    def account(self) -> Account:
        """Subscription and resource group with its region, asked for once. Raises `ClusterSettingsError`."""
        if self._account is None:
            try:
                found = self.call("resources.resource_groups", "get", self.group)
            except NotFound as error:
                raise ClusterSettingsError(
                    f"{error} Nothing was done. Next: name a resource group that is there (az group list)."
                ) from error
            region = self._region or str(found["location"])
            self._account = Account(f"{self.subscription}/{self.group}", region, self._identity())
        return self._account

    @property
    def group_id(self) -> str:
        """The id of the resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    def kind(self, name: str) -> Kind:
        """A kind of Azure."""
        return kinds.kind(self, name)

    def value(self, kind: str, name: str, key: str) -> bytes:
        """A secret value."""
        return kinds.value(self, kind, name, key)

    def call(self, group: str, operation: str, *where: str, body: Json | None = None, **more: Any) -> Json:
        """One request, as the SDK names client, group of operations and operation. Raises a `ClusterError`."""
        return self._sent(group, operation, where, body, more)[0]

    def request(self, method: str, path: str, version: str, body: Json | None = None) -> Json:
        """One request of the resource manager that the SDKs have no operation for. Raises a `ClusterError`."""
        asked = HttpRequest(method, f"{self.endpoint}{path}", params={"api-version": version}, json=body)
        tries = READ_TRIES - 1 if method == "GET" else 0
        with translated(f"{method} {path.rpartition('/providers/')[2]}"):
            answer = self.client("registries")._client.send_request(asked, retry_total=tries)
            answer.raise_for_status()
        text = answer.text()
        return json.loads(text) if text else {}

    def upload(self, url: str, data: bytes) -> None:
        """Put bytes where Azure has said, by a link that is signed."""
        from azure.storage.blob import BlobClient

        with translated("upload"), BlobClient.from_blob_url(url, retry_total=0, **self._timeouts()) as client:
            client.upload_blob(data, overwrite=True)

    def begin(self, group: str, operation: str, *where: str, body: Json | None = None) -> str:
        """Have something done that may take long; gives where to ask how far it is, empty where it is done."""
        _, status, headers = self._sent(group, operation, where, body, {"polling": False})
        asked = headers.get("Azure-AsyncOperation") or (headers.get("Location") if status == 202 else "")
        return asked if status in (201, 202) and asked else ""

    def finished(self, group: str, operation: str, *where: str, body: Json | None = None) -> Json:
        """Have something done, and wait for what comes of it: seconds, at the most."""
        service, _, operations = group.partition(".")
        method = getattr(getattr(self.client(service), operations), operation)
        with translated(f"{operations} {operation}"):
            asked = method(*where, io.BytesIO(json.dumps(body).encode()), polling_interval=1, retry_total=0)
            found: Json = asked.result(FINISHED_WITHIN_S).as_dict()
        return found

    def is_making(self, operation: str) -> bool:
        """Whether what `begin` gave goes on. Raises `Invalid` with Azure's reason where it has failed."""
        if not operation.startswith(f"{self.endpoint}/"):  # a token goes nowhere else
            return False
        client = self.client("resources")
        with translated("how far it is"):
            answer = client._client.send_request(HttpRequest("GET", operation))
        if answer.status_code in (404, 410):
            return False
        with translated("how far it is"):
            answer.raise_for_status()
        said = json.loads(answer.text() or "{}")
        status = str(said.get("status") or "") if isinstance(said, dict) else ""
        if status in ("Failed", "Canceled"):
            why = said.get("error") or {}
            text = f"{why.get('code') or status}: {why.get('message') or 'Azure says no more'}"
            raise Invalid(f"Azure gave up on it. {' '.join(text.split())[:600]}")
        return answer.status_code == 202 if not status else status != "Succeeded"

    def listed(self, group: str, operation: str, *where: str) -> list[Json]:
        """All items of an operation that answers in pages."""
        service, _, operations = group.partition(".")
        method = getattr(getattr(self.client(service), operations), operation)
        with translated(f"{operations} {operation}"):
            return [_as_told(each) for each in method(*where)]

    def secrets(self, vault: str) -> Any:
        """The SDK's client for the secrets of a vault, at the address that Azure tells."""
        if vault not in self._vaults:
            from azure.keyvault.secrets import SecretClient

            try:
                found = self.call("vaults.vaults", "get", self.group, vault)
            except NotFound as error:
                raise ToolFailed(
                    f"There is no key vault {vault} in {self.account.place}. Next: desk cloud azure keyvault "
                    "create."
                ) from error
            self._vaults[vault] = SecretClient(found["properties"]["vaultUri"], self.credential, **self._options())
        return self._vaults[vault]

    def secret_names(self, vault: str) -> list[Json]:
        """The secrets of a vault without their values, and those that were deleted."""
        client = self.secrets(vault)
        with translated("list secrets"):
            there, gone = list(client.list_properties_of_secrets()), list(client.list_deleted_secrets())
        return [
            *({"name": each.name, "deleted": "", "tags": dict(each.tags or {})} for each in there),
            *(
                {
                    "name": each.name,
                    "deleted": str(each.scheduled_purge_date or ""),
                    "tags": each.properties.tags or {},
                }
                for each in gone
            ),
        ]

    def repositories(self, host: str) -> list[str]:
        """The repositories of a registry."""
        with translated("list repositories"):
            return sorted(self._images(host).list_repository_names())

    def image_tags(self, host: str, repository: str) -> list[Json]:
        """The tags of a repository, the newest first."""
        with translated(f"list tags of {repository}"):
            found = list(self._images(host).list_tag_properties(repository))
        found.sort(key=lambda each: str(each.last_updated_on), reverse=True)
        return [{"tag": each.name, "digest": each.digest, "pushed": str(each.last_updated_on)} for each in found]

    def _images(self, host: str) -> Any:
        from azure.containerregistry import ContainerRegistryClient

        return ContainerRegistryClient(
            f"https://{host}", self.credential, audience=self.endpoint, **self._options()
        )

    def blob(self, account: str, container: str, key: str) -> Any:
        """The SDK's client for one blob."""
        return self._blob_service(account).get_blob_client(container, key)

    def blobs(self, account: str, container: str, prefix: str) -> list[Json]:
        """The first blobs of a container that begin so."""
        client = self._blob_service(account).get_container_client(container)
        with translated("list blobs"):
            there = list(islice(client.list_blobs(name_starts_with=prefix or None), BLOBS_LISTED))
        return [{"key": each.name, "size_bytes": each.size, "modified": str(each.last_modified)} for each in there]

    def versions(self, account: str, container: str, key: str) -> list[tuple[str, Mapping[str, str]]]:
        """The versions of a blob, the newest first, with their metadata."""
        client = self._blob_service(account).get_container_client(container)
        with translated("list versions"):
            there = [each for each in client.list_blobs(key, include=["versions", "metadata"]) if each.name == key]
        there.sort(key=lambda each: str(each.version_id), reverse=True)
        return [(str(each.version_id), each.metadata or {}) for each in there]

    def signed(self, account: str, container: str, key: str, start: datetime, expiry: datetime) -> str:
        """A link to one blob, to read it, signed by a key that Azure gives us for so long."""
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        with translated("get user delegation key"):
            delegated = self._blob_service(account).get_user_delegation_key(start, expiry)
        signature = generate_blob_sas(
            account, container, key, user_delegation_key=delegated, permission=BlobSasPermissions(read=True),
            start=start, expiry=expiry, protocol="https",
        )  # fmt: skip
        return f"{self.blob(account, container, key).url}?{signature}"

    def _blob_service(self, account: str) -> Any:
        if account not in self._stores:
            from azure.storage.blob import BlobServiceClient

            try:
                found = self.call("storage.storage_accounts", "get_properties", self.group, account)
            except NotFound as error:
                raise ToolFailed(
                    f"There is no storage account {account} in {self.account.place}. Next: desk cloud azure "
                    "storage create."
                ) from error
            self._stores[account] = BlobServiceClient(
                found["properties"]["primaryEndpoints"]["blob"], self.credential, retry_total=READ_TRIES - 1,
                **self._timeouts(),
            )  # fmt: skip
        return self._stores[account]

    def client(self, service: str) -> Any:
        """The SDK's client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = _MANAGED[service]()(
                self.credential, self.subscription, base_url=self.endpoint, credential_scopes=[self._scope],
                **self._options(),
            )  # fmt: skip
        return self._clients[service]

    def _sent(
        self, group: str, operation: str, where: tuple[str, ...], body: Json | None, more: dict[str, Any]
    ) -> tuple[Json, int, Mapping[str, str]]:
        service, _, operations = group.partition(".")
        method = getattr(getattr(self.client(service), operations), operation)
        answers: list[Any] = []
        content = () if body is None else (io.BytesIO(json.dumps(body).encode()),)
        tries = READ_TRIES - 1 if operation.startswith(("get", "list")) else 0
        with translated(f"{operations.replace('_', ' ')} {operation.replace('_', ' ')}"):
            method(
                *where, *content, raw_response_hook=lambda told: answers.append(told.http_response),
                retry_total=tries, **more,
            )  # fmt: skip
        answer = answers[-1]
        text = answer.text()
        return json.loads(text) if text else {}, answer.status_code, answer.headers

    @property
    def tenant(self) -> str:
        """The tenant that we are logged in to."""
        return str(self._claims().get("tid") or "")

    def _claims(self) -> Json:
        """What the token says of us; it is Azure that checks it."""
        with translated("log in"):
            token = self.credential.get_token(self._scope).token
        try:
            found = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        except (LookupError, ValueError, binascii.Error):
            return {}
        return found if isinstance(found, dict) else {}

    def _identity(self) -> str:
        claims = self._claims()
        name = claims.get("upn") or claims.get("unique_name") or claims.get("appid") or ""
        return f"{name} ({claims.get('oid')})" if name else str(claims.get("oid") or "somebody")


def _as_told(model: Any) -> Json:
    """An SDK's model as Azure's JSON. The older ones, of MySQL, have it under another name, and other keys else."""
    said: Json = model.serialize(keep_readonly=True) if hasattr(model, "serialize") else model.as_dict()
    return said
