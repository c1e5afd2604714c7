"""A Secret with a password that nobody chooses or sees."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.changes.build import create_change
from tools.changes.plan import Password, Plan
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pull_secrets import refuse_existing

Key = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]


def create_database_login(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Annotated[Name, Field(description="Name of the Secret to create.")],
    key: Annotated[Key, Field(description="Under which the password is.")] = "password",
) -> Plan:
    """Create a Secret with a random password, as a database of one's own needs it. A person approves it.

    It is made when the change is sent, and shown to nobody: pods read it from the Secret.
    """
    refuse_existing(context, name, namespace)
    metadata = {"name": name, "namespace": namespace}
    body: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque"}
    plural = context.cluster.find("Secret").plural
    summary = f"create Secret {name} in {namespace} with a random value under its key {key}"
    return Plan.of(summary, create_change(plural, body, Password(key)))
