"""Kubeconfigs of a team's members: where their files are, and the changes that issue, replace and revoke tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.changes.folder import is_git
from tools.changes.kubeconfigs import FILE, kubeconfig_change
from tools.changes.plan import Change
from tools.cluster.client import Cluster
from tools.cluster.errors import NotFound
from tools.errors import ToolFailed
from tools.json import Json
from tools.provisioning.guardrails import MANAGED_BY, is_managed, member_account
from tools.provisioning.specification import Specification

KubeconfigDir = Annotated[
    str,
    Field(
        pattern=r"^~?/",
        max_length=4096,
        description="Folder for a kubeconfig a member, as the task names it; its files are for their owner alone.",
    ),
]


def folder_of(named: str) -> Path:
    """The folder, without links. Raises `ToolFailed` where it is none, or git would take the files up."""
    try:
        folder = Path(named).expanduser().resolve()
        is_other = folder.exists() and not folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise ToolFailed(f"The folder {named!r} cannot be found: {error}.") from error
    if is_other or not str(folder).isprintable():
        raise ToolFailed(f"{str(folder)!r} is no folder that kubeconfigs can be written into: name another one.")
    repository = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if repository is not None or any(is_git(part) for part in folder.parts):
        raise ToolFailed(
            f"{folder} is in the git repository {repository or folder}, and a kubeconfig must never get into git: "
            "name a folder outside of it."
        )
    return folder


def file_of(folder: Path, member: str) -> Path:
    """The kubeconfig of a member: another one for each."""
    return folder / f"{member_account(member).removeprefix('member-')}.kubeconfig"


def issued(folder: Path, wanted: Sequence[Specification]) -> tuple[Change, ...]:
    """A context for each member in each namespace, the contexts of one file one after the other."""
    members = dict.fromkeys(member for each in wanted for member in each.members)
    return tuple(
        kubeconfig_change(each.namespace, member_account(member), file_of(folder, member), "apply")
        for member in members
        for each in wanted
        if member in each.members
    )


def bound_secret(cluster: Cluster, namespace: str, member: str) -> Json | None:
    """The Secret that a member's token is bound to; None where no token was issued."""
    try:
        secret = cluster.get("Secret", member_account(member), namespace)
    except NotFound:
        return None
    return secret if is_managed(secret) else None


def accounts_with_tokens(cluster: Cluster, namespace: str) -> set[str]:
    """The members' accounts for which a token was issued and not revoked."""
    listed = cluster.list("Secret", namespace, label_selector=f"managed-by={MANAGED_BY}")
    return {each["metadata"]["name"] for each in listed}


def revoked(cluster: Cluster, namespaces: Sequence[str], member: str) -> Iterator[Change]:
    """What revokes each token of a member; the file is looked for where it was written."""
    for namespace in namespaces:
        if (secret := bound_secret(cluster, namespace, member)) is not None:
            yield kubeconfig_change(namespace, member_account(member), _written_to(secret), "delete")


def rotated(cluster: Cluster, namespaces: Sequence[str], member: str, folder: Path | None) -> Iterator[Change]:
    """What replaces each token of a member. Raises `ToolFailed` where nobody says into which file."""
    for namespace in namespaces:
        secret = bound_secret(cluster, namespace, member)
        if folder is None and secret is None:
            raise ToolFailed(
                f"No kubeconfig was issued for {member} in {namespace}: name the folder for it (kubeconfig_dir)."
            )
        file = file_of(folder, member) if folder is not None else _written_to(secret or {})
        uid = secret["metadata"]["uid"] if secret else ""
        yield kubeconfig_change(namespace, member_account(member), file, "patch" if secret else "apply", uid=uid)


def _written_to(secret: Json) -> Path:
    name = secret["metadata"]["name"].removeprefix("member-")
    return Path((secret["metadata"].get("annotations") or {}).get(FILE) or f"/{name}.kubeconfig")
