"""What a session knows of the one before it, in a conversation at the terminal.

All of it stands in the session's first event, so it is the same for planner and gate, and after a crash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.journal.events import Oriented, SessionStarted
from agent.journal.view import SessionView
from agent.redaction import MARK
from agent.understanding.spoken import NOTHING, Spoken, spoken_from
from agent.understanding.understand import understand
from agent.understanding.wishes import Understanding
from agent.understanding.world import Names, World
from tools.json import Json

TASKS_TOLD = 6
"""Tasks before this one that a model is told, with what came of them."""
ANSWER_CHARACTERS = 1500

Schemas = Mapping[str, Json]


def spoken_before(started: SessionStarted) -> Spoken:
    """What the task before spoke of. A wish that a secret was masked in cannot be repeated, and is left out."""
    if started.before is None:
        return NOTHING
    document: Json = started.before["spoken"]
    masked = MARK in json.dumps(document["wishes"])
    return spoken_from({**document, "wishes": []} if masked else document)


def world_of(started: SessionStarted, read: Oriented | None) -> World:
    """The names that a session's task can mean."""
    if read is None:
        return World(started.namespace, spoken=spoken_before(started))
    return World(started.namespace, tuple(read.namespaces), names_of(read), spoken_before(started))


def names_of(read: Oriented) -> Names:
    """The names that the start protocol listed."""
    return {
        namespace: {kind: tuple(names) for kind, names in kinds.items()} for namespace, kinds in read.names.items()
    }


def understood(view: SessionView, schemas: Schemas) -> Understanding:
    """What a session's task asks for."""
    return understand(view.task.task, world_of(view.task, view.oriented), schemas)


def said_before(started: SessionStarted) -> str:
    """The tasks before this one and what came of them, for a model; empty for the first."""
    said: list[Json] = started.before["said"] if started.before is not None else []
    return "\n\n".join(f"Asked: {each['task']}\nAnswered: {each['answer']}" for each in said)


def behind(view: SessionView, schemas: Schemas) -> Json:
    """What the session after this one is told of it: `SessionStarted.before`."""
    started, spoken = view.task, understood(view, schemas).spoken or NOTHING
    earlier: list[Json] = started.before["said"] if started.before is not None else []
    ending = view.closed.summary if view.closed else (view.paused.reason if view.paused else "")
    told = {"task": started.task, "answer": ending[:ANSWER_CHARACTERS]}
    return {
        "session": view.id,
        "said": [*earlier, told][-TASKS_TOLD:],
        "spoken": spoken.to_json(),
    }
