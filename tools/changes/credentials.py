"""What a Secret is to hold: a plan says where it is, or that it is to be made, and only the sending of its change
does that.

Nothing here keeps a password: `filled` gives the body to send, and the sender forgets it.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from tools.changes.plan import Change, CloudValue, Credentials, Password
from tools.cloud.connect import no_clouds
from tools.cloud.resource import Cloud
from tools.cluster.client import Cluster
from tools.errors import ToolFailed
from tools.json import Json

PASSWORD_LIMIT_BYTES = 64 * 1024
_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_STAND_IN = "desk-stand-in"
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
CONFIG_KEY = ".dockerconfigjson"
_RANDOM_BYTES = 24
"""Of a password that is made: 192 bits."""


def filled(change: Change, cluster: Cluster, connect: Callable[[str], Cloud] = no_clouds) -> Json:
    """The body of a change as it is sent: with the password, if it takes one.

    `connect` gives the cloud of a system.
    Raises `ToolFailed` where the password cannot be had, `ClusterError` where its Secret cannot be read.
    """
    if change.credentials is None:
        return change.body
    if isinstance(change.credentials, Password):
        return _with_value(change.body, change.credentials, secrets.token_urlsafe(_RANDOM_BYTES))
    if isinstance(change.credentials, CloudValue):
        return _with_entries(change.body, change.credentials, connect(change.credentials.system))
    if not change.credentials.registry:
        return _with_config(change.body, _auths(change, change.credentials, cluster))
    return _with_password(
        change.body, change.credentials, read_value(change.credentials, change.target.namespace or "", cluster)
    )


def stood_in(change: Change) -> Json:
    """The body of a change as the API server previews it: with a stand-in for the password."""
    if change.credentials is None:
        return change.body
    if isinstance(change.credentials, Password):
        return _with_value(change.body, change.credentials, _STAND_IN)
    if isinstance(change.credentials, CloudValue):
        entries = change.credentials.entries or (("value", ""),)
        return {**change.body, "data": {under: _encoded(b"{}") for under, _ in entries}}
    if not change.credentials.registry:
        return _with_config(change.body, {_STAND_IN: {"auth": _STAND_IN}})
    return _with_password(change.body, change.credentials, _STAND_IN)


def check_source(credentials: Credentials, namespace: str, cluster: Cluster) -> None:
    """Raises `ToolFailed` where it is plain without reading the password that it cannot be had."""
    if credentials.file:
        _checked(credentials.file)
    elif credentials.existing_secret:
        _value_of(credentials, namespace, cluster)
    elif sys.stdin is None or sys.stdin.isatty():
        raise ToolFailed(
            "Standard input is a terminal, where a password would be seen: pipe it in (`< FILE`), or name a file."
        )


def read_value(credentials: Credentials, namespace: str, cluster: Cluster) -> str:
    """The value that is there, without the line's end behind it.

    Raises `ToolFailed` where it cannot be had, `ClusterError` where its Secret cannot be read.
    """
    raw = _read(credentials, namespace, cluster)
    source = credentials.source
    if len(raw) > PASSWORD_LIMIT_BYTES:
        raise ToolFailed(f"The password from {source} has more than {PASSWORD_LIMIT_BYTES} bytes: that is none.")
    try:
        password = raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ToolFailed(f"The password from {source} is not UTF-8 text.") from None
    if not password.strip():
        raise ToolFailed(f"The password from {source} is empty.")
    return password


def _with_value(body: Json, password: Password, value: str) -> Json:
    return {**body, "data": {password.under: base64.b64encode(value.encode()).decode()}}


def _with_entries(body: Json, value: CloudValue, cloud: Cloud) -> Json:
    """Each entry; without any, each key of a value that is a JSON object, else all of it under `value`."""
    data = {under: cloud.value(value.kind, value.name, key) for under, key in value.entries}
    if not value.entries:
        data = _spread(cloud.value(value.kind, value.name, ""))
    return {**body, "data": {under: _encoded(each) for under, each in data.items()}}


def _spread(whole: bytes) -> dict[str, bytes]:
    try:
        found = json.loads(whole)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(_KEY.fullmatch(key) for key in found):
        return {"value": whole}
    return {key: (said if isinstance(said, str) else json.dumps(said)).encode() for key, said in found.items()}


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _with_password(body: Json, credentials: Credentials, password: str) -> Json:
    """As `kubectl create secret docker-registry` writes it."""
    registry = _DOCKER_HUB_KEY if credentials.registry in _DOCKER_HUB else credentials.registry
    auth = base64.b64encode(f"{credentials.username}:{password}".encode()).decode()
    entry = {"username": credentials.username, "password": password, "auth": auth}
    return _with_config(body, {registry: entry})


def _with_config(body: Json, auths: Json) -> Json:
    config = json.dumps({"auths": auths})
    return {**body, "data": {CONFIG_KEY: base64.b64encode(config.encode()).decode()}}


def _auths(change: Change, credentials: Credentials, cluster: Cluster) -> Json:
    """The logins of a docker config; raises `ToolFailed` where it has none, or only the name of who keeps them."""
    raw = _read(credentials, change.target.namespace or "", cluster)
    try:
        auths = json.loads(raw[:PASSWORD_LIMIT_BYTES])["auths"]
        complete = bool(auths) and all(each.get("auth") or each.get("password") for each in auths.values())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ToolFailed(
            f"What is in {credentials.source} is no docker config with logins under auths. Name the file that "
            "`docker login` writes (~/.docker/config.json), or with --registry and --username a file that holds "
            "the password."
        ) from None
    if not complete:
        raise ToolFailed(
            f"The docker config in {credentials.source} has no password for each of its registries: docker keeps "
            "them in a credentials store. Give --registry and --username, and a file that holds the password."
        )
    return dict(auths)


def _read(credentials: Credentials, namespace: str, cluster: Cluster) -> bytes:
    if credentials.existing_secret:
        return _value_of(credentials, namespace, cluster)
    if not credentials.file:
        return sys.stdin.buffer.read(PASSWORD_LIMIT_BYTES + 1)
    try:
        with _checked(credentials.file).open("rb") as file:
            return file.read(PASSWORD_LIMIT_BYTES + 1)
    except OSError as error:
        raise _unreadable(credentials.file, error.strerror or "it cannot be opened") from None


def _checked(file: str) -> Path:
    """The path of a password's file; raises `ToolFailed` when it is none."""
    try:
        path = Path(file).expanduser()
        found = path.stat()
    except (OSError, RuntimeError) as error:
        raise _unreadable(file, getattr(error, "strerror", "") or str(error)) from None
    if stat.S_ISDIR(found.st_mode):
        raise _unreadable(file, "it is a directory")
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable(file, "it is no regular file")
    if not os.access(path, os.R_OK):
        raise _unreadable(file, "permission denied")
    if found.st_size == 0:
        raise ToolFailed(f"The password from file {file} is empty.")
    return path


def _unreadable(file: str, why: str) -> ToolFailed:
    return ToolFailed(f"The password file {file} cannot be read: {why}. Nothing was changed.")


def _value_of(credentials: Credentials, namespace: str, cluster: Cluster) -> bytes:
    data = cluster.get("Secret", credentials.existing_secret, credentials.namespace or namespace).get("data") or {}
    if credentials.key not in data:
        there = ", ".join(sorted(data)) or "none"
        raise ToolFailed(f"Secret {credentials.existing_secret} has no key {credentials.key}; it has: {there}.")
    try:
        return base64.b64decode(data[credentials.key] or "")
    except (binascii.Error, ValueError):
        raise ToolFailed(f"The password from {credentials.source} is not base64, as it must be.") from None
