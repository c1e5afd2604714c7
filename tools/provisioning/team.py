"""Bring a team on board: its namespaces, access, pull secrets, Argo CD project, and a page, in one plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.apimachinery.manifests import as_yaml
from tools.changes.build import apply_change
from tools.changes.plan import Credentials, File, Left, LeftOut, Plan, Step
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pull_secrets import Registry, Username
from tools.provisioning import argo_cd, guardrails, openshift, page
from tools.provisioning.guardrails import Surroundings
from tools.provisioning.kubeconfigs import KubeconfigDir, accounts_with_tokens, folder_of, issued
from tools.provisioning.provision import (
    Found,
    Quantity,
    Subject,
    planned,
    read,
    read_to_change,
    surroundings,
    wanted_of,
)
from tools.provisioning.pulling import NAME as PULL_SECRET
from tools.provisioning.pulling import Source, credentials_from, pull_secret_changes
from tools.provisioning.specification import (
    Specification,
    SpecificationError,
    environment_in,
    specified,
)

TOOL = "onboard_team"
Team = Annotated[
    str,
    Field(max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", description="The team's name, as a label."),
]
Repository = Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class _Room:
    """One namespace of the team: what it is to have, what there is of it, and the plan for it."""

    wanted: Specification
    found: Found
    plan: Plan

    @property
    def name(self) -> str:
        return self.wanted.namespace


def onboard_team(
    context: ToolContext,
    *,
    team: Team,
    namespaces: Annotated[
        list[Namespace], Field(min_length=1, max_length=10, description="Each name says its environment: web-dev.")
    ],
    members: Annotated[
        list[Subject] | None,
        Field(max_length=50, description="Users that get edit, as the cluster's login names them."),
    ] = None,
    group: Annotated[Subject | None, Field(description="A group that gets edit.")] = None,
    cpu: Annotated[Quantity | None, Field(description="Limit of each namespace: 8 or 500m.")] = None,
    memory: Annotated[
        Quantity | None, Field(description="Limit of each namespace: 16Gi, or 16G (decimal).")
    ] = None,
    kubeconfig_dir: KubeconfigDir | None = None,
    pull_secret: Source | None = None,
    registry: Registry | None = None,
    username: Username | None = None,
    repos: Annotated[
        list[Repository] | None, Field(max_length=50, description="Git repositories that the team deploys from.")
    ] = None,
    argocd_namespace: Annotated[Name, Field(description="Argo CD's own namespace.")] = "argocd",
) -> Plan:
    """Bring a team on board: namespaces with guardrails, access, pull secrets, an Argo CD project, and a page.

    What is there already stays as it is, so that it can be called again to add to it. People, repositories and
    files are those that the task names; ask for what it does not say.
    """
    cluster = context.cluster
    login = credentials_from(pull_secret, registry, username)
    given = {
        "team": team, "members": members, "group": group, "cpu": cpu, "memory": memory,
        "pull_secret": PULL_SECRET if login else None, "kubeconfigs": True if kubeconfig_dir else None,
    }  # fmt: skip
    folder = folder_of(kubeconfig_dir) if kubeconfig_dir else None
    check(namespaces, given, repos or (), argocd_namespace)
    around = surroundings(cluster)
    rooms = [_room(cluster, namespace, given, around) for namespace in dict.fromkeys(namespaces)]
    plan = _of_rooms(team, rooms)
    if plan.continues:
        return plan
    others, unseen = _others(cluster, team, namespaces)
    everywhere = sorted([room.wanted for room in rooms] + others, key=_by_name)
    names = tuple(sorted([*(each.namespace for each in everywhere), *unseen]))
    project = _Project(team, names, tuple(repos or ()), rooms[0].wanted.group, argocd_namespace)
    open_rooms = [room for room in rooms if room.wanted.environment != "prod"]
    steps = [
        *_pull_secrets(cluster, team, open_rooms, login),
        *project.steps(cluster),
        *_kubeconfigs(team, open_rooms, folder),
        Step(f"page for team {team}", (), files=(page.of_team(team, everywhere, around),)),
    ]
    left_out = (*_left_out(cluster, rooms, login, project, folder), *map(_unseen, unseen))
    return replace(plan, steps=openshift.before_handing_over(plan.steps, steps), left_out=left_out)


def _of_rooms(team: str, rooms: Sequence[_Room]) -> Plan:
    """The plans of all namespaces as one. Where projects have to be asked for, only that, and it continues."""
    first = [room.plan for room in rooms if room.plan.continues]
    plans = first or [room.plan for room in rooms]
    return Plan(
        "; ".join([f"bring team {team} on board: {plans[0].summary}", *(plan.summary for plan in plans[1:])]),
        tuple(step for plan in plans for step in plan.steps),
        subjects=tuple(ObjectRef("v1", "Namespace", None, room.name) for room in rooms),
        environments={room.name: room.wanted.environment for room in rooms},
        always_asked=any(plan.always_asked for plan in plans),
        left=_together([plan.left for plan in plans if plan.left]),
        continues=bool(first),
    )


def _together(lefts: Sequence[Left]) -> Left | None:
    if not lefts:
        return None
    what, commands = "; ".join(each.what for each in lefts), " && ".join(each.command for each in lefts)
    return Left(lefts[0].owner, what, commands)


def check(namespaces: Sequence[str], given: Json, repos: Sequence[str], argocd_namespace: str) -> None:
    """Raises `ArgumentsError` for what is wrong whatever the cluster has."""
    if not (given["members"] or given["group"]):
        raise ArgumentsError(f"{TOOL}: nobody is named who would get access. Give members, or a group.")
    try:
        argo_cd.check(given["team"], namespaces, repos, argocd_namespace)
        for namespace in namespaces:
            specified(namespace, given, None)
    except SpecificationError as error:
        raise ArgumentsError(f"{TOOL}: {error}") from error


def _room(cluster: Cluster, namespace: str, given: Json, around: Surroundings) -> _Room:
    """Who has access keeps it.

    Raises `ArgumentsError` for a name that says no environment, `ToolFailed` for another team's namespace.
    """
    found = read_to_change(cluster, namespace, around)
    before = found.provisioned or {}
    if not before and not environment_in(namespace):
        raise ArgumentsError(
            f"{TOOL}: {namespace} does not say what it is for. Name it {namespace}-dev, -qa, -test, -staging or "
            f"-prod; or provision it first: desk provision-namespace {namespace} ENVIRONMENT."
        )
    owner = before.get("team") or ((found.namespace or {}).get("metadata", {}).get("labels") or {}).get("team")
    if owner not in (None, given["team"]):
        raise ToolFailed(
            f"Namespace {namespace} is team {owner}'s, and not {given['team']}'s. Nothing was changed."
        )
    if "prod" in environment_in(namespace):  # no secret is written there
        given = {**given, "pull_secret": None, "kubeconfigs": None}
    members = [*(before.get("members") or ()), *(given["members"] or ())]
    wanted = wanted_of(found, namespace, {**given, "members": members}, TOOL)
    return _Room(wanted, found, planned(cluster, wanted, around, found))


def _others(cluster: Cluster, team: str, named: Sequence[str]) -> tuple[list[Specification], list[str]]:
    """What the team has besides the namespaces that are named now, and those of which that may not be read."""
    seen, unseen = [], []
    for name in namespaces_of(cluster, team):
        if name in named:
            continue
        try:
            told = read(cluster, name).provisioned
        except Forbidden:
            unseen.append(name)
            continue
        if told is not None and told.get("team") == team:
            seen.append(specified(name, {}, told))
    return seen, unseen


def _unseen(namespace: str) -> LeftOut:
    why = "this identity may not read what it has, so the page does not tell of it"
    return LeftOut(f"namespace {namespace} on the page", why, "who administers it, to run this again")


def namespaces_of(cluster: Cluster, team: str) -> list[str]:
    """The namespaces that Desk provisioned for a team and that are not on their way out."""
    if openshift.is_served(cluster):
        listed = openshift.projects_of(cluster, team)
    else:
        listed = cluster.list("Namespace", None, label_selector=f"team={team},managed-by={guardrails.MANAGED_BY}")
    return sorted(each["metadata"]["name"] for each in listed if "deletionTimestamp" not in each["metadata"])


def _by_name(wanted: Specification) -> str:
    return wanted.namespace


def _pull_secrets(cluster: Cluster, team: str, rooms: Sequence[_Room], login: Credentials | None) -> Iterator[Step]:
    if login is not None:
        changes = [
            change for room in rooms for change in pull_secret_changes(cluster, room.found, room.name, login)
        ]
        yield from [Step(f"pull secrets of team {team}", tuple(changes))] if changes else []


@dataclass(frozen=True, slots=True)
class _Project:
    """The team's Argo CD project: made where its kind is served, else written down for whoever has Argo CD."""

    team: str
    namespaces: tuple[str, ...]
    repositories: tuple[str, ...]
    group: str
    argocd_namespace: str

    def steps(self, cluster: Cluster) -> Iterator[Step]:
        """Nothing without a repository."""
        if not self.repositories:
            return
        title = f"Argo CD project {self.team}"
        body = argo_cd.project(self.team, self.namespaces, self.repositories, self.group, self.argocd_namespace)
        if argo_cd.not_there(cluster, self.argocd_namespace):
            manifest = File(page.path_of(self.team, "appproject.yaml"), as_yaml(body).encode())
            yield Step(f"{title}, as a file", (), files=(manifest,))
        else:
            yield Step(title, (apply_change(argo_cd.PLURAL, body, self._live(cluster)),))

    def left_out(self, cluster: Cluster) -> Iterator[LeftOut]:
        """Why it is not made, and who can have it made."""
        if not self.repositories:
            why = "no repository was named, and without one nothing can be deployed from"
            yield LeftOut("Argo CD project", why, "whoever knows the team's repositories: give them with --repo")
        elif missing := argo_cd.not_there(cluster, self.argocd_namespace):
            file = page.path_of(self.team, "appproject.yaml")
            yield LeftOut(
                "Argo CD project", f"{missing}; it is written into {file}", "who runs Argo CD, to apply it"
            )

    def _live(self, cluster: Cluster) -> Json | None:
        try:
            return cluster.read(argo_cd.target(self.team, self.argocd_namespace))
        except NotFound:
            return None


def _kubeconfigs(team: str, rooms: Sequence[_Room], folder: Path | None) -> Iterator[Step]:
    changes = issued(folder, [room.wanted for room in rooms]) if folder else ()
    if changes:
        yield Step(f"kubeconfigs of team {team}", changes)


def _without_file(cluster: Cluster, rooms: Sequence[_Room]) -> Iterator[LeftOut]:
    """Who has an account for a kubeconfig, and for whom none was issued."""
    lacking: dict[str, list[str]] = {}
    for room in rooms:
        if not room.wanted.kubeconfigs:
            continue
        try:
            issued_for = accounts_with_tokens(cluster, room.name)
        except Forbidden:  # then those that are not new count as having one
            issued_for = {live["metadata"]["name"] for live in room.found.of("ServiceAccount")}
        for member in room.wanted.members:
            if guardrails.member_account(member) not in issued_for:
                lacking.setdefault(member, []).append(room.name)
    for member, namespaces in lacking.items():
        command = shlex.join(["desk", "rotate-kubeconfig", rooms[0].wanted.team, member, "--kubeconfig-dir"])
        yield LeftOut(
            f"kubeconfig of {member}",
            f"there is an account for it in {', '.join(namespaces)}, and no folder was named for the file",
            f"whoever hands it over: {command} DIR",
        )


def _left_out(
    cluster: Cluster,
    rooms: Sequence[_Room],
    login: Credentials | None,
    project: _Project,
    folder: Path | None,
) -> Iterator[LeftOut]:
    wanted = [room.wanted for room in rooms]
    if login is None and not any(each.pull_secret for each in wanted):
        yield LeftOut("pull secrets", "no registry's login was named; public images need none")
    yield from project.left_out(cluster)
    if folder is None and not any(each.kubeconfigs for each in wanted):
        yield LeftOut("kubeconfigs", "no folder was named for them; who is in the cluster's login needs none")
    if folder is None:
        yield from _without_file(cluster, rooms)
    if (login or folder) and (closed := [each.namespace for each in wanted if each.environment == "prod"]):
        yield LeftOut(f"pull secrets and kubeconfigs in {', '.join(closed)}", "production is Flow's", "Flow")
