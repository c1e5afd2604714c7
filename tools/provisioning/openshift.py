"""OpenShift: a namespace is a project, which is asked for and not made. What its template makes stays.

Labels of a ProjectRequest have no effect, and who asked holds the role `admin` afterwards. The label syncer writes
the labels of Pod Security itself, by what the service accounts' security context constraints allow.
Source: https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/building_applications/projects
and https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/authentication_and_authorization/
understanding-and-managing-pod-security-admission
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tools.changes.build import delete_change, patch_change
from tools.changes.guardrails import may_be_given
from tools.changes.kubernetes import PROJECT_REQUEST, REQUESTER, rights
from tools.changes.patches import contains
from tools.changes.plan import Change, Left, Step
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef
from tools.json import Json
from tools.provisioning.guardrails import MANAGED_BY
from tools.provisioning.specification import Specification

NAMESPACES = ("openshift-ingress", "openshift-monitoring", "openshift-user-workload-monitoring")
"""Of the router and the monitoring: on OpenShift they are there, though few may list them."""
OF_CLUSTER = ("Namespace", "LimitRange", "ResourceQuota")
"""What who has `admin` in a project may not write, unless the cluster gives them more."""

DESCRIPTION = "openshift.io/description"

_PROJECTS = "projects.project.openshift.io"
_CONSOLE = ObjectRef("v1", "ConfigMap", "openshift-config-managed", "console-public")
_DESCRIPTION = "Provisioned by Desk"
_HANDING_OVER = "admin of "
_PARALLEL = 3


def is_served(cluster: Cluster) -> bool:
    """Whether this is OpenShift: its API serves ProjectRequests."""
    return cluster.serves(*PROJECT_REQUEST)


def project(wanted: Specification) -> Change:
    """The ProjectRequest that makes the namespace."""
    api_version, kind = PROJECT_REQUEST
    body = {
        "apiVersion": api_version, "kind": kind, "metadata": {"name": wanted.namespace},
        "displayName": f"{wanted.team} {wanted.environment}",
        "description": f"{_DESCRIPTION} for team {wanted.team} ({wanted.environment})",
    }  # fmt: skip
    target = ObjectRef("v1", "Namespace", None, wanted.namespace)
    return Change(target, "projectrequests", body, {}, "", "", "", "create")


def is_requested_by(username: str, namespace: Json) -> bool:
    """Whether Desk asked for this project, on behalf of this user. Nobody but the cluster writes the requester."""
    annotations = namespace["metadata"].get("annotations") or {}
    described = str(annotations.get(DESCRIPTION, "")).startswith(_DESCRIPTION)
    return bool(username) and annotations.get(REQUESTER) == username and described


def projects_of(cluster: Cluster, team: str) -> list[Json]:
    """The team's projects that this identity sees: by the labels, or by what Desk said of a project when it asked
    for it, for Atlas may not have labelled it yet. Who may ask for projects need not be allowed to list namespaces.
    """
    described = f"{_DESCRIPTION} for team {team} ("
    return [each for each in cluster.list(_PROJECTS, None) if _is_of(each["metadata"], team, described)]


def _is_of(metadata: Json, team: str, described: str) -> bool:
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if "team" in labels:
        return (labels["team"], labels.get("managed-by")) == (team, MANAGED_BY)
    return str(annotations.get(DESCRIPTION, "")).startswith(described)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which of the changes this identity may make, and the kinds of those that are another agent's."""

    mine: tuple[Change, ...]
    others: tuple[Change, ...]

    @property
    def kinds(self) -> list[str]:
        """The kinds of what is left, each once."""
        return list(dict.fromkeys(change.target.kind for change in self.others))


def reach(cluster: Cluster, changes: Sequence[Change], live: Sequence[Json | None]) -> Reach:
    """Ask for the right to each change that is of the cluster's administrators; the others are one's own.

    What may not be made and already is as wanted is in neither.
    """
    asked = [change for change in changes if change.target.kind in OF_CLUSTER]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        answers = list(pool.map(lambda change: all(cluster.may(each) for each in rights(change)), asked))
    refused = {change.id for change, may in zip(asked, answers, strict=True) if not may}
    others = [
        change
        for change, there in zip(changes, live, strict=True)
        if change.id in refused and not (there and contains(change.target, there, change.body))
    ]
    return Reach(tuple(change for change in changes if change.id not in refused), tuple(others))


def left(wanted: Specification, others: Sequence[Change]) -> Left | None:
    """What the cluster's administrators are to do, as they would type it."""
    if not others:
        return None
    labels: Json = next((each.body["metadata"]["labels"] for each in others if each.target.kind == "Namespace"), {})
    guardrails = [f"{each.target.kind} {each.target.name}" for each in others if each.target.kind != "Namespace"]
    parts = [f"the labels of namespace {wanted.namespace}"] if labels else []
    what = f"{' and '.join([*parts, *guardrails])}, which this identity may not write"
    if guardrails:  # whoever may make these may label, too
        return Left("Atlas", what, _provisioning(wanted))
    said = [f"{name}={value}" for name, value in labels.items()]
    return Left(
        "Atlas", what, shlex.join(["kubectl", "label", "namespace", wanted.namespace, *said, "--overwrite"])
    )


def _provisioning(wanted: Specification) -> str:
    """The command that provisions this, all of it said."""
    flags = {
        "--team": wanted.team, "--cpu": wanted.cpu, "--memory": wanted.memory,
        "--cpu-requests": wanted.cpu_requests, "--memory-requests": wanted.memory_requests,
        "--storage": wanted.storage, "--cost-center": wanted.cost_center, "--group": wanted.group,
        "--members": ",".join(wanted.members), "--viewers": ",".join(wanted.viewers),
    }  # fmt: skip
    words = [word for flag, value in flags.items() if value for word in (flag, value)]
    closed = [word for opening in wanted.closed for word in ("--close", opening)]
    return shlex.join(["desk", "provision-namespace", wanted.namespace, wanted.environment, *words, *closed])


def given_up(bindings: Sequence[Json], username: str, plural: str) -> list[Change]:
    """What takes from the requester the role beyond `edit` that asking for the project gave them."""
    changes = []
    for live in bindings:
        subjects = live.get("subjects") or []
        rest = [each for each in subjects if (each.get("kind"), each.get("name")) != ("User", username)]
        if len(rest) == len(subjects) or may_be_given(live, live["metadata"]["namespace"]):
            continue
        changes.append(patch_change(plural, live, {"subjects": rest}) if rest else delete_change(plural, live))
    return changes


def handing_over(wanted: Specification, username: str, changes: Sequence[Change]) -> Step:
    """The step in which the requester gives their role up: the last in a plan, for it is by that role that they
    make all the rest."""
    return Step(f"{_HANDING_OVER}{username} in {wanted.namespace} is given up", tuple(changes))


def before_handing_over(steps: Sequence[Step], more: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with more of them, made while the requester still may."""
    last = [step for step in steps if step.title.startswith(_HANDING_OVER)]
    return (*(step for step in steps if step not in last), *more, *last)


def handed_over(wanted: Specification, username: str) -> str:
    """What the requester's role becomes, in words."""
    role = "edit" if username in wanted.members else "view" if username in wanted.viewers else ""
    if role:
        return f"{username}, who asked for the project, hands admin over and keeps {role}"
    return f"admin is taken from {username}, who asked for the project and is not of the team"


def console(cluster: Cluster, namespace: str) -> str:
    """The project's page in the web console; empty where the console's address may not be read."""
    try:
        url = (cluster.read(_CONSOLE).get("data") or {}).get("consoleURL", "")
    except (Forbidden, NotFound):
        return ""
    return f"{url.rstrip('/')}/k8s/cluster/projects/{namespace}" if url else ""
