"""What the API server says in the end: its audit log, and the objects themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.chaos.audit import AuditLog
from tests.chaos.ground import GREETING, Ground
from tests.chaos.life import Fault
from tests.chaos.proxy import Sent
from tests.chaos.script import EFFECTS, LIMIT_AFTER, LIMIT_BEFORE, Names

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

Objects = Mapping[str, tuple[str, str]]
"""Effect -> (resource, name) of the object it changes."""


def each_once(
    audit: AuditLog, namespace: str, objects: Objects, agent: str, sent: Sequence[Sent]
) -> Iterator[Fault]:
    """Each effect of a user agent took place exactly once. `sent` is what went through the proxy."""
    missing = audit.wait_for([one.audit_id for one in sent])
    if missing:
        yield Fault("lost", f"the audit log never showed the requests {', '.join(missing)}")
    dry = {one.audit_id for one in sent if one.dry_run}
    for effect, (resource, name) in objects.items():
        verbs = {"patch": ("patch", "update"), "delete": ("delete",), "post": ("create",)}[effect.partition(":")[0]]
        found = audit.effective(namespace, resource, name, agent, dry)
        times = sum(event["verb"] in verbs for event in found)
        if times != 1:
            text = f"{effect} took place {times} times"
            yield Fault("lost" if times == 0 else "doubled", text, EFFECTS.get(effect, effect))


def as_wanted(ground: Ground, names: Names) -> Iterator[Fault]:
    """The live objects are as the task wants them."""
    limit = _limit(ground, names)
    if limit != LIMIT_AFTER:
        yield Fault("lost", f"the limit of {names.limited} is {limit}, not {LIMIT_AFTER}", "set_resources")
    restarted = ground.live("deployments", names.restarted)
    template = restarted["spec"]["template"]["metadata"] if restarted else {}
    if RESTARTED_AT not in (template.get("annotations") or {}):
        yield Fault("lost", f"{names.restarted} was not restarted", "restart")
    if ground.live("configmaps", names.deleted) is not None:
        yield Fault("lost", f"ConfigMap {names.deleted} is still there", "delete")


def as_before(ground: Ground, names: Names) -> Iterator[Fault]:
    """What was rolled back is as it was before the session."""
    limit = _limit(ground, names)
    if limit != LIMIT_BEFORE:
        text = f"after its rollback the limit of {names.limited} is {limit}, not {LIMIT_BEFORE}"
        yield Fault("lost", text, "patch:checkout")
    made_again = ground.live("configmaps", names.deleted)
    if made_again is None or made_again.get("data") != GREETING:
        text = f"after its rollback ConfigMap {names.deleted} is {made_again}"
        yield Fault("lost", text, "post:settings")


def _limit(ground: Ground, names: Names) -> str:
    live = ground.live("deployments", names.limited)
    containers = live["spec"]["template"]["spec"]["containers"] if live else [{}]
    return str(containers[0].get("resources", {}).get("limits", {}).get("memory"))
