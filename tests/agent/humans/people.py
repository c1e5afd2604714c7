"""People, rows and clusters that tests of channels have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agent.gate.policy import Decision, Environment, Priority, Verdict
from agent.humans.approvers import Approvers, parse
from agent.journal.approvals import Request, ask
from agent.journal.events import SessionStarted
from agent.journal.journal import Journal
from tools.changes.build import version
from tools.changes.plan import Change
from tools.cluster.client import Access, Identity
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SESSION = "20260601-120000-abc123"
CLUSTER = "sha256:ours"
OBJECT = {"metadata": {"name": "checkout", "namespace": "shop-staging"}, "spec": {"replicas": 1}}
CHECKOUT = "patch deployments/checkout in shop-staging"
CHANGE = Change(
    target=ObjectRef("apps/v1", "Deployment", "shop-staging", "checkout"),
    resource="deployments",
    body={"spec": {"replicas": 2}},
    undo={"spec": {"replicas": 1}},
    uid="u1",
    resource_version="7",
    version=version(OBJECT),
)
APPROVERS: Approvers = parse(
    """
people:
  ana: {kubernetes: ana, slack: T1/U1, oidc: "https://login.example.com#ana"}
  ben: {kubernetes: ben, groups: [payments], slack: T1/U2}
  rita: {kubernetes: rita, slack: T1/U3}
  vic: {kubernetes: vic, slack: T1/U4}
rules:
  - classes: [provision, change, secret, delete]
    environments: [dev, test, staging]
    people: [ana, ben, rita]
second_person: [secret]
"""
)
"""ana and ben decide; rita asks; vic is known, and looks."""


@dataclass
class Played:
    """A cluster that says who asks, and what each may do; its one object can change."""

    me: str = "desk"
    rights: Mapping[str, Collection[str]] = field(
        default_factory=lambda: {"ana": [CHECKOUT], "ben": [CHECKOUT], "rita": [CHECKOUT], "vic": [CHECKOUT]}
    )
    fingerprint: str = CLUSTER
    object: dict[str, Any] | None = field(default_factory=lambda: dict(OBJECT))
    tells: bool = True
    """Whether it tells what others may do."""
    asked_groups: list[tuple[str, ...]] = field(default_factory=list)

    def whoami(self) -> Identity:
        return Identity(self.me)

    def may(self, access: Access) -> bool:
        return str(access) in self.rights.get(self.me, ())

    def may_other(self, access: Access, user: str, groups: tuple[str, ...]) -> tuple[bool, str]:
        if not self.tells:
            raise Forbidden("desk may not create subjectaccessreviews")
        self.asked_groups.append(groups)
        return str(access) in self.rights.get(user, ()), ""

    def read(self, target: ObjectRef) -> dict[str, Any]:
        """Of another group there may be a kind of the same name: it has no such object."""
        if self.object is None or target != CHANGE.target:
            raise NotFound(str(target))
        return self.object


def request(priority: Priority = "HIGH", **other: Any) -> Request:
    """Of rita, for the one object."""
    asked = Request(
        call_id="c1",
        tool="set_resources",
        arguments={"name": "checkout"},
        digest="d" * 64,
        changes=(CHANGE,),
        summary="raise the limit",
        diff="-16Mi\n+64Mi",
        risk="change",
        decision=Decision(Verdict.ASK, "needs a person's approval", Environment.STAGING, priority),
        requester="rita",
    )
    return replace(asked, **other)


def begin(journal: Journal, session: str = SESSION, *, sandbox: bool = False, cluster: str = CLUSTER) -> None:
    """A session of rita's on the played cluster."""
    started = SessionStarted("fix checkout", "shop-staging", "playbook", "rita", cluster, sandbox=sandbox)
    journal.append(session, started)


def asked(
    journal: Journal, wanted: Request | None = None, now: datetime = NOW, session: str = SESSION, **begun: Any
) -> str:
    """The id of a row of a session that is begun for it."""
    begin(journal, session, **begun)
    return ask(journal, session, wanted or request(), now).approval_id
