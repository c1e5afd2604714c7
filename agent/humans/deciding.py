"""The one way in which a row is decided, whichever channel it comes by.

A channel says who decides, as it has authenticated them, and by which cluster their rights are asked. All else
is the same everywhere: the workspace's approvers, not the requester, the right to make the change, the target as
it was asked about, a second person where the file wants one, and compare-and-set.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.errors import ApprovalRefused
from agent.humans.approvers import Approvers, Identity, KubernetesUser, Person
from agent.journal import approvals
from agent.journal.approvals import Row
from agent.journal.events import SessionStarted
from agent.workspace.names import APPROVERS_FILE
from tools.changes.plan import KUBERNETES
from tools.cluster.client import Access
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef

if TYPE_CHECKING:
    from datetime import datetime

    from agent.journal.journal import Journal
    from tools.cluster.client import Cluster
    from tools.json import Json

Verdict = Literal["approved", "rejected"]

AUTHENTICATED = "system:authenticated"
"""The group of everybody whom a cluster knows. Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/"""


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, as their channel has authenticated them."""

    identity: Identity
    channel: str
    """terminal, slack, web, api: where they said it."""
    cluster: Cluster
    """Where the change is to be made, as who may ask there."""
    is_own_login: bool
    """Whether `cluster` is asked as the decider; else it is Desk that asks for them, by SubjectAccessReview."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of it. `row` as it stands now; it is still pending where a second person is to approve it."""

    row: Row
    by: str
    """The decider as the cluster knows them."""


def decide(
    journal: Journal,
    approval_id: str,
    verdict: Verdict,
    decider: Decider,
    known: Approvers | None,
    now: datetime,
    *,
    reason: str = "",
    digest: str = "",
) -> Decided:
    """Decide a row that waits; raises `ApprovalRefused` with why not, or a `ClusterError`.

    `digest` is of what the decider was shown, where a channel keeps it. The requester may reject, which
    withdraws it. A row whose target has changed is superseded: its session asks anew.
    """
    approvals.expire(journal, now)
    row = approvals.load(journal, approval_id)
    approvals.refuse_unless_waiting(row, digest)
    user = by = _authorized(journal, row, verdict, decider, known)
    if verdict == "approved":
        _refuse_changed(journal, row, decider.cluster)
        by = _all_who_approved(journal, row, user, decider.channel, known)
    if by:
        approvals.decide(journal, approval_id, verdict, by, reason, now, channel=decider.channel)
    return Decided(approvals.load(journal, approval_id), user)


def _authorized(journal: Journal, row: Row, verdict: Verdict, decider: Decider, known: Approvers | None) -> str:
    """The decider's user name in the cluster, if they may; else raises `ApprovalRefused`."""
    _refuse_other_cluster(journal, row, decider.cluster)
    user, person = standing(row, verdict, decider, known)
    if user != row.asked.requester:
        _check_rights(row, decider, user, person)
    return user


def standing(row: Row, verdict: Verdict, decider: Decider, known: Approvers | None) -> tuple[str, Person | None]:
    """Who the decider is in the cluster, and in the file; raises `ApprovalRefused` where its rules say no.

    The cluster is not asked: whether they may make the change themselves is looked at when they decide.
    """
    person = known.person(decider.identity) if known else None
    user = person.kubernetes if person else str(decider.identity)
    if user == row.asked.requester:
        if verdict == "rejected":
            return user, person
        raise ApprovalRefused(
            f"{user} asked for this change and cannot approve it. Somebody else decides, as "
            f"themselves: desk approvals approve {row.asked.approval_id} --kubeconfig FILE."
        )
    if person is None:
        _refuse_stranger(decider, known)
    elif known and (refusal := known.may_decide(person, row)):
        raise ApprovalRefused(f"{refusal}. Who may: docs/approvals.md tells.")
    return user, person


def _refuse_stranger(decider: Decider, known: Approvers | None) -> None:
    """Without the file, the cluster's word alone counts, and it names people at their own login only."""
    if known is not None:
        raise ApprovalRefused(
            f"{decider.identity} is nobody in {APPROVERS_FILE}: whoever is not in it may look, and not decide."
        )
    if not (isinstance(decider.identity, KubernetesUser) and decider.is_own_login):
        raise ApprovalRefused(
            f"This workspace has no {APPROVERS_FILE}, which says who {decider.identity} is. It is decided at a "
            "terminal until then, and docs/approvals.md tells how to write one."
        )


def _refuse_other_cluster(journal: Journal, row: Row, cluster: Cluster) -> None:
    """Raises `ApprovalRefused` for another cluster's word, and for a sandbox, which ended with its process."""
    started = next(entry.event for entry in journal.entries(row.session, ("session_started",)))
    if isinstance(started, SessionStarted) and started.sandbox:
        raise ApprovalRefused(
            f"Session {row.session} ran in the sandbox, whose cluster ended with its process: there is nobody who "
            "could decide. On a cluster it would wait for this."
        )
    if not (isinstance(started, SessionStarted) and cluster.fingerprint == started.cluster):
        raise ApprovalRefused(
            "This kubeconfig is of another cluster than the session's: its certificate authority differs. "
            "Name a kubeconfig of the same cluster with --kubeconfig FILE."
        )


def _check_rights(row: Row, decider: Decider, user: str, person: Person | None) -> None:
    groups = (*(person.groups if person else ()), AUTHENTICATED)
    for target in _of_the_cluster(row):
        access = _access(target)
        if not _may(decider, access, user, groups, row.asked.approval_id):
            raise ApprovalRefused(
                f"{user} may not {access} and so cannot decide it. Who may: somebody with the role edit there."
            )


def _may(decider: Decider, access: Access, user: str, groups: tuple[str, ...], approval_id: str) -> bool:
    if decider.is_own_login:
        return decider.cluster.may(access)
    try:
        return decider.cluster.may_other(access, user, groups)[0]
    except Forbidden as error:
        raise ApprovalRefused(
            f"The cluster does not tell Desk what {user} may do (it may not create SubjectAccessReviews there). "
            f"Decide with your own login: desk approvals approve {approval_id}."
        ) from error


def _refuse_changed(journal: Journal, row: Row, cluster: Cluster) -> None:
    changed = changed_since(row, cluster)
    if not changed:
        return
    approvals.supersede(journal, row.asked.approval_id, approvals.TARGET_CHANGED)
    raise ApprovalRefused(
        f"{', '.join(map(str, changed))} was changed since this was asked, so it is no longer what you were shown. "
        f"`desk resume {row.session}` asks anew; see the new request."
    )


def _all_who_approved(journal: Journal, row: Row, user: str, channel: str, known: Approvers | None) -> str:
    """Everybody who has approved, this one last; empty where a second person, somebody else, has yet to."""
    if known is None or row.asked.risk not in known.second_person:
        return user
    first = approvals.first_of_two(journal, row.asked.approval_id, user, channel)
    if first == user:
        raise ApprovalRefused(f"{user} has approved {row.asked.approval_id} already: a second person has to.")
    return f"{first}, {user}" if first else ""


def changed_since(row: Row, cluster: Cluster) -> list[ObjectRef]:
    """The targets that are not as they were when it was asked.

    What is made again under its name is there until it is deleted: that it was not changed is said of the deletion.
    """
    refs = [(target["version"], _reference(target)) for target in _of_the_cluster(row)]
    there = [ref for version, ref in refs if version]
    looked_at = [(version, ref) for version, ref in refs if version or ref not in there]
    return [ref for version, ref in looked_at if _version(cluster, ref) != version]


def _of_the_cluster(row: Row) -> Iterator[Json]:
    """The targets that are the cluster's objects: it says who may change them, and how they are."""
    return (target for target in row.asked.targets if target.get("system", KUBERNETES) == KUBERNETES)


def _version(cluster: Cluster, ref: ObjectRef) -> str:
    from tools.changes.build import version

    with contextlib.suppress(NotFound):
        return version(cluster.read(ref))
    return ""  # as a change that creates has it


def _reference(target: Json) -> ObjectRef:
    return ObjectRef(target["api_version"], target["kind"], target["namespace"], target["name"])


def _access(target: Json) -> Access:
    group = target["api_version"].rpartition("/")[0]
    verb = target.get("verb", "patch")
    name = "" if verb == "create" else target["name"]
    return Access(verb, group, target["resource"], target["namespace"], name)
