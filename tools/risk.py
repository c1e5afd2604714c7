"""The classes of risk: the rows of the gate's table."""

from __future__ import annotations

from enum import StrEnum


class Risk(StrEnum):
    """What a call may do at worst."""

    READ = "read"
    RENDER = "render"
    PROVISION = "provision"
    CHANGE = "change"
    SECRET = "secret"  # noqa: S105  the class of writing one
    DELETE = "delete"
    CLOUD = "cloud"
    CLUSTER = "cluster"
