"""A member of a team: their access taken away, or their kubeconfig's tokens replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.changes.build import delete_change, patch_change, reference
from tools.changes.plan import Change, LeftOut, Plan, Step
from tools.cluster.client import Cluster
from tools.cluster.resources import ObjectRef
from tools.conventions import CI_ACCOUNT
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import ToolContext
from tools.json import Json
from tools.provisioning import guardrails
from tools.provisioning.certificates import certificates_of
from tools.provisioning.guardrails import Surroundings, is_managed, member_account
from tools.provisioning.kubeconfigs import KubeconfigDir, folder_of, revoked, rotated
from tools.provisioning.provision import Found, Subject, planned, read_to_change, surroundings, wanted_of
from tools.provisioning.specification import SpecificationError, check_subject
from tools.provisioning.team import Team, namespaces_of

Member = Annotated[Subject, Field(description="Who, as the cluster's login names them.")]


@dataclass(frozen=True, slots=True)
class _Room:
    """One namespace of the team, and what was written down of it."""

    name: str
    found: Found
    told: Json

    @property
    def is_production(self) -> bool:
        return bool(self.told.get("environment") == "prod")


def offboard_member(context: ToolContext, *, team: Team, member: Member) -> Plan:
    """Take a member's access to all namespaces of a team: bindings, service accounts, kubeconfigs.

    A person approves it. What cannot be taken (certificates, production) is listed with whose it is.
    """
    check("offboard_member", member)
    cluster = context.cluster
    around = surroundings(cluster)
    rooms = _rooms(cluster, team, around)
    open_rooms = [room for room in rooms if not room.is_production]
    steps = [
        Step(f"access of {member} to namespace {room.name} ends", changes)
        for room in open_rooms
        if (changes := tuple(_taken(cluster, room, member, around)))
    ]
    left_out = tuple(_left(cluster, rooms, member, around))
    if not steps:
        said = f"{member} has no access to a namespace of team {team} that Desk could take"
        return Plan(said, (), left_out=left_out)
    names = ", ".join(room.name for room in open_rooms)
    said = f"take all access of {member} to {names} of team {team}"
    return Plan(said, tuple(steps), _subjects(team), _environments(open_rooms), left_out=left_out)


def rotate_kubeconfig(
    context: ToolContext, *, team: Team, member: Member, kubeconfig_dir: KubeconfigDir | None = None
) -> Plan:
    """Replace the tokens in a member's kubeconfig; those before are revoked. A person approves it.

    Without a folder the file is written where it was.
    """
    folder = check("rotate_kubeconfig", member, kubeconfig_dir)
    cluster = context.cluster
    rooms = _rooms(cluster, team, surroundings(cluster))
    own = [room for room in rooms if member in (room.told.get("members") or ()) and room.told.get("kubeconfigs")]
    if not own:
        raise ToolFailed(
            f"{member} has no account for a kubeconfig in a namespace of team {team}: onboard_team with "
            "kubeconfig_dir makes one."
        )
    changes = tuple(rotated(cluster, [room.name for room in own], member, folder))
    title = f"kubeconfig of {member} for {', '.join(room.name for room in own)}"
    steps = (Step(title, changes),)
    return Plan(f"replace the tokens of the {title}", steps, _subjects(team), _environments(own))


def check(tool: str, member: str, kubeconfig_dir: str | None = None) -> Path | None:
    """The folder. Raises `ArgumentsError`, or `ToolFailed`, for what is wrong whatever the cluster has."""
    try:
        check_subject(member)
    except SpecificationError as error:
        raise ArgumentsError(f"{tool}: {error}") from error
    return folder_of(kubeconfig_dir) if kubeconfig_dir else None


def _subjects(team: str) -> tuple[ObjectRef, ...]:
    return (ObjectRef("", "Team", None, team),)


def _environments(rooms: Sequence[_Room]) -> dict[str, str]:
    """What each was provisioned for: a project may have no labels yet."""
    return {room.name: str(room.told.get("environment") or "") for room in rooms}


def _rooms(cluster: Cluster, team: str, around: Surroundings) -> list[_Room]:
    """Raises `ToolFailed` where the team has no namespace that Desk provisioned."""
    found = {name: read_to_change(cluster, name, around) for name in namespaces_of(cluster, team)}
    rooms = [_Room(name, each, each.provisioned) for name, each in found.items() if each.provisioned is not None]
    if not rooms:
        raise ToolFailed(f"There is no namespace that Desk provisioned for a team {team}. Nothing was changed.")
    return rooms


def _taken(cluster: Cluster, room: _Room, member: str, around: Surroundings) -> Iterator[Change]:
    """The token first, then what Desk gave, then what somebody else did."""
    yield from revoked(cluster, [room.name], member)
    given = {who: [each for each in room.told.get(who) or () if each != member] for who in ("members", "viewers")}
    if any(member in (room.told.get(who) or ()) for who in given):
        wanted = wanted_of(room.found, room.name, given, "offboard_member")
        changes = planned(cluster, wanted, around, room.found).changes
        yield from (change for change in changes if change.verb == "delete")
        yield from _told(room, changes, guardrails.provisioned(wanted, around))
    yield from _of_others(cluster, room, member)


def _told(room: _Room, changes: Sequence[Change], told: Json) -> Iterator[Change]:
    """Who the members are is told anew where it was told before. No quota is made for that."""
    teller = room.found.teller
    for change in changes:
        if teller is not None and change.target == reference(teller):
            yield replace(change, body=guardrails.annotated(change.body, told))


def _of_others(cluster: Cluster, room: _Room, member: str) -> Iterator[Change]:
    """Bindings that are not of Desk's making: without the member, or gone where nobody else is in them.

    And the member's account, where its label was taken off: who has `edit` may do that.
    """
    account = room.found.objects.get(("ServiceAccount", member_account(member)))
    if account is not None and not is_managed(account):
        yield delete_change(cluster.find("ServiceAccount").plural, account)
    plural = cluster.find("RoleBinding").plural
    theirs = {("User", member), ("ServiceAccount", member_account(member))}
    for live in room.found.of("RoleBinding"):
        subjects = live.get("subjects") or []
        rest = [each for each in subjects if (each.get("kind"), each.get("name")) not in theirs]
        if is_managed(live) or len(rest) == len(subjects):
            continue
        yield patch_change(plural, live, {"subjects": rest}) if rest else delete_change(plural, live)


def _left(cluster: Cluster, rooms: Sequence[_Room], member: str, around: Surroundings) -> Iterator[LeftOut]:
    for room in rooms:
        if room.is_production and (changes := list(_taken(cluster, room, member, around))):
            gone = [each.target for each in changes if each.verb == "delete"]
            objects = ", ".join(f"{target.kind}/{target.name}" for target in gone)
            why = f"production is Flow's; it is {objects or 'in bindings of others'}"
            yield LeftOut(f"access to {room.name}", why, "Flow")
    for group in sorted({str(room.told["group"]) for room in rooms if room.told.get("group")}):
        why = f"whoever is in group {group} keeps its access"
        yield LeftOut(f"group {group}", why, "who administers the login, to take them out if they are in it")
    certificates = certificates_of(cluster, member)
    if certificates is None:
        yield LeftOut("client certificates", "this identity may not list the requests for them", "Atlas")
    for each in certificates or ():
        why = f"no certificate can be revoked; it is valid until {each.until or 'a time that cannot be read'}"
        yield LeftOut(f"client certificate {each.request}", why, "its end, or Atlas, who can replace the CA")
    why = f"who had edit may have had tokens issued for {CI_ACCOUNT}, which no list shows; making it anew ends them"
    yield LeftOut("tokens of other accounts", why)
