"""A team that is to be brought on board: who it is, what it asks for, and what it has not said yet. Pure."""

from __future__ import annotations

import re

from agent.understanding.parts import AND
from agent.understanding.provisioning import PARTS, PERSON, value_of
from agent.understanding.wishes import Call, Order, Understanding
from tools.environments import WORDS
from tools.json import Json

TOOL = "onboard_team"

_TEAM = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_ROOM = rf"(?:[a-z0-9][-a-z0-9]*-)?(?:{_WORD})(?![\w-])"
_ROOMS = rf"(?:(?:the\s+)?(?:namespaces?|environments?|umgebung(?:en)?)\s+)?(?P<rooms>{_ROOM}(?:{AND}{_ROOM})*)"
_PEOPLE = rf"(?P<members>{PERSON}(?:{AND}{PERSON})*)"
_NAMED = rf"(?:team\s+(?P<team>{_TEAM})|(?P<team_>{_TEAM})(?:\s+|-)team)(?!\w)"

_ORDERS = (
    rf"(?:onboard|on-board)\s+(?:the\s+)?{_NAMED}",
    rf"bring\s+(?:the\s+)?{_NAMED}\s+on\s?board",
)
_GIVE = (
    r"(?:(?:can|could|would)\s+you\s+)?(?:please\s+|bitte\s+)?"
    r"(?:give\s+us|set\s+up|make\s+us|create|we\s+need|we\s+would\s+like|gib\s+uns|gebt\s+uns|wir\s+brauchen)"
)
_FILLERS = (
    r"(?:each|apiece|per\s+namespace|jeweils|je(?=\s+\d)|mit(?=\s+je))(?!\w)",
    r"(?:hi|hello|hey|hallo)(?:\s+(?:desk|there))?(?!\w)|(?:please|bitte|thanks|thank\s+you|danke)(?!\w)",
    r"[,;.!]+|(?:and|und)(?!\w)",
)
_SAYINGS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        *_ORDERS,
        rf"(?:we\s+are|we're|this\s+is|wir\s+sind)\s+(?:the\s+|das\s+)?{_NAMED}",
        rf"(?:{_GIVE}\s+(?:please\s+|bitte\s+)?|(?:with|mit|in)\s+)?{_ROOMS}",
        rf"(?:we\s+are|we're|wir\s+sind|(?:our|the)\s+members\s+are|members?:?)\s+{_PEOPLE}",
        r"(?:we\s+)?(?:deploy|deploying|deployed)\s+from\s+(?P<repos>(?:https|ssh)://[^\s,;]*[\w/])",
        *(pattern.pattern for said, pattern in PARTS if said in ("cpu", "memory", "group", "members")),
        *_FILLERS,
    )
)
"""Each says one thing, by the names of its groups; a filler says nothing."""
_OF_MEMBERS = {
    tool: re.compile(rf"(?:please\s+|bitte\s+)?{pattern}\s+(?:the\s+)?{_NAMED}[.!]*", re.IGNORECASE)
    for tool, pattern in (
        ("offboard_member", rf"(?:offboard|take)\s+(?P<member>{PERSON})\s+(?:from|off|of)"),
        ("rotate_kubeconfig", rf"rotate\s+(?:the\s+)?kubeconfig\s+of\s+(?P<member>{PERSON})\s+(?:in|of|from)"),
    )
}
"""Sentences that say nothing but a member and a team."""
_ASKED_FOR = re.compile(rf"\b(?:{_GIVE}|onboard|on-board|on\s?board)\b", re.IGNORECASE)


def ordered(task: str) -> Understanding | None:
    """The team that a task brings on board; None when it is about something else.

    What a team has to say and has not is asked for (`unclear`), and so is what has a word of another meaning.
    """
    for tool, pattern in _OF_MEMBERS.items():
        if (of := pattern.fullmatch(task.strip())) is not None:
            return _of_member(tool, of["member"], of["team"] or of["team_"])
    said, left = _said(task.strip())
    if "team" not in said or not ("rooms" in said or _ASKED_FOR.search(task)):
        return None
    team = said["team"].lower()
    if left:
        return Understanding(unclear=_not_understood(team, left)) if _ASKED_FOR.search(task) else None
    if missing := _missing(team, said):
        return Understanding(unclear=missing)
    names = list(dict.fromkeys(_namespace(team, room) for room in re.split(AND, said["rooms"].lower())))
    arguments: Json = {"team": team, "namespaces": names}
    for argument in ("members", "group", "cpu", "memory"):
        if argument in said:
            arguments[argument] = value_of(argument, said[argument])
    if "repos" in said:
        arguments["repos"] = [said["repos"]]
    call = Call(TOOL, arguments)
    return Understanding(
        wishes=(call,), orders=(Order((), tuple(names), frozenset({TOOL})),), namespaces=tuple(names)
    )


def _of_member(tool: str, member: str, team: str) -> Understanding:
    call = Call(tool, {"team": team.lower(), "member": member})
    return Understanding(wishes=(call,), orders=(Order((), (team.lower(),), frozenset({tool})),))


def _said(task: str) -> tuple[dict[str, str], str]:
    """What a task says, each thing once, and what is left of it from the first word on that says nothing known."""
    said: dict[str, str] = {}
    while task:
        matched = (pattern.match(task) for pattern in _SAYINGS)
        found = next((match for match in matched if match is not None), None)
        if found is None:
            return said, task
        for group, text in found.groupdict().items():
            if text is not None and said.setdefault(group.rstrip("_"), text).lower() != text.lower():
                return said, task
        task = task[found.end() :].lstrip()
    return said, ""


def _missing(team: str, said: dict[str, str]) -> str:
    """What is to be asked: it is nobody's to guess."""
    asked = []
    if "rooms" not in said:
        asked.append("which namespaces it needs (dev, staging)")
    if not {"members", "group"} & said.keys():
        asked.append("who is in it (the names that the cluster's login has: ann@example.com), or which group")
    return f"Team {team} is to be brought on board. Say also {' and '.join(asked)}." if asked else ""


def _not_understood(team: str, left: str) -> str:
    return (
        f'Team {team} is to be brought on board, and I do not know what "{left[:80]}" means. Say namespaces, CPUs '
        "and memory of each, who is in it, and a repository to deploy from; and the rest as a task of its own."
    )


def _namespace(team: str, room: str) -> str:
    return f"{team}-{WORDS[room]}" if room in WORDS else room
