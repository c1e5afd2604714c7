"""The client for AWS: one way to send a request, the account that it goes to, errors translated.

Source: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from tools.cloud.aws import kinds
from tools.cloud.aws.errors import from_answer
from tools.cloud.resource import Account, Kind
from tools.cluster.errors import ClusterError, ClusterSettingsError, Invalid, Unauthorized, Unreachable
from tools.json import Json

TRIES = 3
"""Of one request that was throttled or not answered; whatever comes after that is the loop's to decide."""


class Aws:
    """`Cloud` of one account and region of AWS."""

    def __init__(self, session: Any, expected_account: str | None, timeout_s: float) -> None:
        self._session = session
        self._expected = expected_account
        self._config = Config(
            connect_timeout=min(timeout_s, 10),
            read_timeout=timeout_s,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            user_agent_extra="desk-agent",
        )
        self._clients: dict[str, Any] = {}
        self._account: Account | None = None

    @classmethod
    def connect(cls, profile: str | None, region: str | None, account: str | None, timeout_s: float) -> Aws:
        """By a profile, else as AWS' own tools find credentials. Raises `ClusterSettingsError`."""
        try:
            session = boto3.Session(profile_name=profile, region_name=region or _region_of_environment())
        except ProfileNotFound as error:
            raise ClusterSettingsError(f"{error}. Name one of ~/.aws/config, or none.") from error
        if not session.region_name:
            raise ClusterSettingsError(
                "No AWS region is said. Give --aws-region (eu-central-1), or AWS_REGION, or one in ~/.aws/config."
            )
        return cls(session, account, timeout_s)

    @property
    def region(self) -> str:
        """The region."""
        return str(self._session.region_name)

    @property
    def partition(self) -> str:
        """The part of AWS that the region belongs to, as ARNs begin: aws, aws-cn, aws-us-gov."""
        return str(self._session.get_partition_for_region(self.region))

    @property
    def account(self) -> Account:
        """Whose the credentials are, by STS, asked once. Raises `ClusterSettingsError` for another account."""
        if self._account is None:
            said = self.call("sts", "get_caller_identity")
            found = Account(str(said["Account"]), self.region, str(said["Arn"]))
            if self._expected and found.id != self._expected:
                raise ClusterSettingsError(
                    f"These AWS credentials are of account {found.id} ({found.identity}), and the settings say "
                    f"aws_account {self._expected}. Nothing was done. Next: choose another AWS_PROFILE."
                )
            self._account = found
        return self._account

    def kind(self, name: str) -> Kind:
        """A kind of AWS."""
        return kinds.kind(self, name)

    def is_making(self, operation: str) -> bool:
        """Each resource of AWS tells itself how far it is."""
        return False

    def value(self, kind: str, name: str, key: str) -> bytes:
        """A secret value."""
        return kinds.value(self, kind, name, key)

    def call(self, service: str, operation: str, **parameters: Any) -> Json:
        """One request, as boto3 names service, operation and parameters. Raises its answer's `ClusterError`."""
        doing = f"{service} {operation.replace('_', ' ')}"
        try:
            answer: Json = getattr(self.client(service), operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, doing) from error
        return answer

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> list[Any]:
        """All items under `key` of an operation that answers in pages."""
        doing = f"{service} {operation.replace('_', ' ')}"
        try:
            pages = self.client(service).get_paginator(operation).paginate(**parameters)
            return [item for page in pages for item in page.get(key) or ()]
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, doing) from error

    def client(self, service: str) -> Any:
        """boto3's own client of a service, made once."""
        if service not in self._clients:
            # The signature of old is what boto3 signs links with otherwise, and KMS refuses those.
            config = self._config.merge(Config(signature_version="s3v4")) if service == "s3" else self._config
            self._clients[service] = self._session.client(service, config=config)
        return self._clients[service]


def _region_of_environment() -> str | None:
    import os

    return os.environ.get("AWS_REGION") or None


def _translated(error: Exception, doing: str) -> ClusterError:
    """Credentials are in no text: botocore's own have none, and requests are not shown."""
    match error:
        case ClientError():
            answer: Any = error.response
            status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
            said = answer.get("Error", {})
            return from_answer(str(said.get("Code")), status, str(said.get("Message") or ""), doing=doing)
        case NoCredentialsError() | PartialCredentialsError() | TokenRetrievalError() | UnauthorizedSSOTokenError():
            return Unauthorized(
                f"{doing}: there are no AWS credentials that work ({error}). Next: aws sso login, or set "
                "AWS_PROFILE; then desk resume."
            )
        case NoRegionError():
            return ClusterSettingsError("No AWS region is said. Give --aws-region, or AWS_REGION.")
        case ParamValidationError():
            return Invalid(f"{doing}: {' '.join(str(error).split())[:600]}")
        case ConnectTimeoutError() | ReadTimeoutError() | EndpointConnectionError() | HTTPClientError():
            return Unreachable(f"{doing}: AWS gave no answer ({type(error).__name__}). Is the region right?")
        case _:
            return ClusterError(f"{doing}: {' '.join(str(error).split())[:600]}")
