"""What the session is told that goes on with a task which the one before it could not end.

All of it is made of the journal: what was found, with its evidence; what was done, with its commits; what is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from agent.journal.view import SessionView
from agent.redaction import MARK
from agent.session.conversation import ANSWER_CHARACTERS, TASKS_TOLD, Schemas, understood
from agent.session.found import found
from agent.understanding.spoken import NOTHING
from tools.json import Json
from tools.risk import Risk

MAX_DONE = 60


def handed_on(view: SessionView, schemas: Schemas) -> Json:
    """`SessionStarted.before` of the session that goes on with the same task."""
    before: Json = view.task.before or {}
    goes_on = "done" in before
    earlier: list[Json] = before.get("said", [])
    done = [*before.get("done", ()), *_done(view)]
    told = {"task": view.task.task, "answer": "\n".join(_told(view, done))}
    return {
        "session": view.id,
        "said": [*(earlier[:-1] if goes_on else earlier), told][-TASKS_TOLD:],
        "spoken": (understood(view, schemas).spoken or NOTHING).to_json(),
        "stated": view.stated.to_json(),
        "done": done,
        "made": [*before.get("made", ()), *_made(view)]
        if not view.task.sandbox
        else [],  # which ends with its process
    }


def _made(view: SessionView) -> Iterator[Json]:
    """The calls that have changed something, or have waited for it, as a planner may ask for them again."""
    for call in view.all_calls():
        result, gated = view.results.get(call.id), view.gated.get(call.id)
        is_change = gated is not None and gated.risk != Risk.READ.value
        if result is None or not result.ok or not (is_change or call.name.startswith("wait_")):
            continue
        if MARK not in json.dumps(call.input):
            yield {"tool": call.name, "arguments": call.input, "text": result.text, "changed": result.changed}


def _done(view: SessionView) -> Iterator[str]:
    return (f"{each.title} (commit {view.commits.get(each.subtask, '')[:10]})" for _, each in view.subtasks)


def _told(view: SessionView, done: list[str]) -> Iterator[str]:
    yield (view.closed.summary if view.closed else "")[:ANSWER_CHARACTERS]
    if done:
        yield "Done and committed, by the sessions before:"
        yield from (f"- {each}" for each in done[-MAX_DONE:])
    if view.stated.subtasks:
        yield "The subtasks, as they were stated (call plan to add to them, not to state them again):"
        yield from view.stated.lines()
    if seen := found(view):
        yield "Found:"
        yield from (f"- {each}" for each in seen)
