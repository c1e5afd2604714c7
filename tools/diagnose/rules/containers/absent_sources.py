"""ConfigMaps, Secrets and keys that are named and not there: what is there instead, and what one does.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, quoted
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.references import Missing, SourceKind
from tools.diagnose.facts.remedies import by_tool, patch_piped
from tools.diagnose.terms import ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

OTHER_KIND: dict[SourceKind, SourceKind] = {"ConfigMap": "Secret", "Secret": "ConfigMap"}


def existing(missing: Missing, snapshot: Snapshot) -> str | None:
    """The existing name, or key of that object, that is most like the missing one; None when none is like it."""
    if missing.key:
        there = tuple((snapshot.named(missing.kind, missing.name) or {}).get("data") or ())
    else:
        there = snapshot.names(missing.kind)
    wanted = missing.key or missing.name
    return nearest(wanted, map(str, there))


def nearest_said(missing: Missing, snapshot: Snapshot) -> str:
    """How a summary goes on: what is there instead, as far as it was read; empty when nothing is like it."""
    other = OTHER_KIND[missing.kind]
    if not missing.key and snapshot.named(other, missing.name):
        return f"; there is a {other} of that name"
    if near := existing(missing, snapshot):
        return f"; the nearest there is: {one_line(near)}"
    if missing.key and (keys := (snapshot.named(missing.kind, missing.name) or {}).get("data")):
        return f"; its keys are: {one_line(', '.join(sorted(keys)), 120)}"
    return ""


def missing_remedies(
    missing: Missing,
    owner: ObjectRef,
    keys: list[str],
    *,
    near: str | None = None,
    container: str | None = None,
    point: str | None = None,
) -> list[Remedy]:
    """How to name what is there, or to make what is missing (`keys`: those that are asked of it).

    `near` is the existing name or key to point to, `owner` what holds the reference, `container` the only one
    to change (None: all, volumes too), `point` the command that does it by hand.
    """
    create = Remedy(
        title=f"Create the missing {missing}, each value read from a file",
        command=create_command(missing, owner.namespace or "", keys),
        risk="secret" if missing.kind == "Secret" else "change",
    )
    if near is None:
        return [create, edit(owner, "Or name one that exists")]
    what = f"the key {near} of {missing.kind} {missing.name}" if missing.key else f"{missing.kind} {near}"
    by_hand = edit(owner, f"Name {what}, which exists")
    if owner.kind not in TEMPLATE_KINDS:
        return [by_hand, create]
    named = _reference(missing, near, container)
    return [by_tool(replace(by_hand, command=point or by_hand.command), "set_reference", owner, **named), create]


def _reference(missing: Missing, near: str, container: str | None) -> dict[str, Any]:
    """What of it is told to the tool: which source, and which instead."""
    arguments: dict[str, Any] = {
        "source": missing.kind,
        "from_name": missing.name,
        "to_name": missing.name if missing.key else near,
    }
    if container is not None:
        arguments["container"] = container
    if missing.key:
        arguments |= {"from_key": missing.key, "to_key": near}
    return arguments


def create_command(missing: Missing, namespace: str, keys: list[str]) -> str:
    """Values come from files, so that none is on a command line; to what exists a key is added by a merge patch.

    The redactor leaves a path below /tmp as it is, also behind a key such as `password`.
    """
    kind = missing.kind.lower()
    make = "secret generic" if missing.kind == "Secret" else kind
    values = " ".join(quoted(f"--from-file={key}=/tmp/FILE") for key in keys or ["KEY"])
    create = f"kubectl create {make} {quoted(missing.name)} -n {namespace} {values}"
    if missing.key is None:
        return create
    return f"{create} --dry-run=client -o yaml | {patch_piped(kind, missing.name, namespace)}"
