"""The start protocol: what happened before, which cluster this is, and what this identity may do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.journal.events import Oriented
from agent.session.context import Desk
from tools.cluster.errors import RESUMABLE, ClusterError
from tools.cluster.names import read_names
from tools.json import Json

LOG_LINES = 100
INCIDENT_LINES = 50
HISTORY_COMMITS = 10
NAMESPACES_SHOWN = 2000


def orient(desk: Desk) -> None:
    """Read the files, the history and the cluster, and write down what they said. All of it is data."""
    desk.surface.progress("reading the workspace and the cluster")
    started = desk.view.task
    namespaces = _or_unknown(lambda: _names(desk.cluster.list("namespaces", None, limit=NAMESPACES_SHOWN)))
    read = Oriented(
        working=desk.workspace.read_working(),
        logs=desk.workspace.newest_log(LOG_LINES),
        incidents=desk.workspace.newest_incidents(INCIDENT_LINES),
        history=[f"{commit.sha[:10]} {commit.subject}" for commit in desk.history.recent(HISTORY_COMMITS)],
        identity=desk.identity.username,
        version=desk.cluster.version(),
        rights=_or_unknown(lambda: [_rule(rule) for rule in desk.cluster.rules(started.namespace)]),
        namespaces=namespaces,
    )
    # Of a call that a person typed, no words are to be understood.
    desk.append(read if started.call is not None else _understood(desk, read))


def _understood(desk: Desk, read: Oriented) -> Oriented:
    """With the names that the task speaks of, and what it leaves to the task before it, in a conversation."""
    named = replace(read, names=_spoken_of(desk, tuple(read.namespaces)))
    return replace(named, taken=_taken(desk, named))


def _spoken_of(desk: Desk, namespaces: tuple[str, ...]) -> dict[str, dict[str, list[str]]]:
    """The names of the objects in the namespaces that the task speaks of."""
    from agent.session.conversation import spoken_before
    from agent.understanding.lexicon import kinds_in
    from agent.understanding.understand import understand
    from agent.understanding.world import World

    started = desk.view.task
    before = spoken_before(started)
    spoken = understand(
        started.task, World(started.namespace, namespaces, spoken=before), desk.schemas()
    ).namespaces
    kinds = {*kinds_in(started.task), *(target.kind for target in before.targets)}
    return read_names(desk.cluster, spoken, kinds)


def _taken(desk: Desk, read: Oriented) -> list[str]:
    """What the task leaves to the one before it, in a conversation."""
    from agent.session.conversation import world_of
    from agent.understanding.understand import understand

    started = desk.view.task
    if started.before is None:
        return []
    return list(understand(started.task, world_of(started, read), desk.schemas()).taken)


def _or_unknown(read: Callable[[], list[str]]) -> list[str]:
    """What this identity may not read is unknown, and no reason to stop."""
    try:
        return read()
    except RESUMABLE:
        raise  # what did not answer is not known to be forbidden
    except ClusterError:
        return []


def _names(objects: list[Json]) -> list[str]:
    return [item["metadata"]["name"] for item in objects]


def _rule(rule: Json) -> str:
    verbs, resources = ",".join(rule.get("verbs") or ()), ",".join(rule.get("resources") or ())
    only = f" only {','.join(rule['resourceNames'])}" if rule.get("resourceNames") else ""
    return f"{verbs} {resources}{only}"
