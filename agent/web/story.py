"""A session's events, as a page tells them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from agent.journal.events import (
    ENDING_TOOLS,
    ApprovalAsked,
    ApprovalDecided,
    CallGated,
    Committed,
    FilesRendered,
    IncidentOpened,
    ModelTurn,
    Oriented,
    PlanMade,
    SessionClosed,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    StepDone,
    ToolIntent,
    ToolReceipt,
    ToolResult,
)
from agent.journal.journal import Entry
from agent.journal.turns import tokens, words
from tools.plaintext import counted

Tone = Literal["", "good", "bad", "warn", "dim"]
TASK_CHARS = 600
"""So much of a task is a story's heading."""
SHOWN_LINES = 12
"""Of a result, so much is shown at once; the rest unfolds."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a diff: `added`, `removed`, `head` (of a part or a file) or `same`."""

    kind: Literal["added", "removed", "head", "same"]
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """Text below an item, as it is; `rest` unfolds below it, and all of it where there is no `text`."""

    text: str = ""
    rest: str = ""
    label: str = ""
    diff: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened: a word for its kind, what happened in a line, and what there is to read of it."""

    kind: str
    title: str
    tone: Tone = ""
    blocks: tuple[Block, ...] = ()
    approval: str = ""
    """The id of the approval that it is about."""
    command: str = ""
    """What one could type next."""
    at: str = ""
    seq: int = field(default=0, compare=False)


def diff_of(text: str) -> tuple[Line, ...]:
    """A unified diff, line by line; what is none has plain lines only."""
    return tuple(Line(_kind(line), line) for line in text.splitlines())


def _kind(line: str) -> Literal["added", "removed", "head", "same"]:
    if line.startswith(("+++", "---", "@@", "diff ", "# ")):
        return "head"
    return "added" if line.startswith("+") else "removed" if line.startswith("-") else "same"


def items(entries: Iterable[Entry]) -> list[Item]:
    """The items of a session's events, in order; some events are none, a turn of the model may be several."""
    return [replace(item, at=entry.at, seq=entry.seq) for entry in entries for item in _of(entry)]


def _of(entry: Entry) -> Iterator[Item]:
    match entry.event:
        case SessionStarted(task=task, requester=who, gate=own):
            whole = (Block(rest=task, label="the whole task"),) if len(task) > TASK_CHARS else ()
            yield Item("started", f"as {who}" if who else "", blocks=whole)
            yield from _gate(own)
        case SessionResumed(why=why, requester=who, gate=own):
            yield Item("resumed", f"{why}, as {who}" if who else why)
            yield from _gate(own)
        case Oriented(version=version, namespaces=namespaces, taken=taken):
            looked = f"Kubernetes {version}, {counted(len(namespaces), 'namespace')}"
            yield Item("oriented", "; ".join([looked, *taken]), "dim")
        case ModelTurn() as turn:
            yield from _turn(turn)
        case CallGated(verdict=verdict, tool=tool, risk=risk, environment=where, reason=reason, approval_id=row):
            tone: Tone = "bad" if verdict == "deny" else "warn" if verdict == "ask" else "dim"
            said = f"{verdict} {tool} ({risk}{f' in {where}' if where else ''})"
            yield Item("gate", f"{said}: {reason}" if reason else said, tone, approval=row)
        case PlanMade() as made:
            yield _plan(made)
        case ApprovalAsked(approval_id=row, summary=summary, priority=priority, expires_at=deadline):
            yield Item("asked", f"{summary} ({priority}, until {deadline})", "warn", approval=row)
        case ApprovalDecided(approval_id=row, decision=decision, approver=who, reason=why):
            by = f"{decision} by {who}" if who else decision
            yield Item("decided", f"{by}: {why}" if why else by, _DECIDED.get(decision, ""), approval=row)
        case ToolIntent(summary=summary):
            yield Item("sent", summary)
        case ToolReceipt(outcome=outcome, text=text):
            bad = outcome in ("stale", "failed", "absent")
            yield Item("receipt", f"{outcome}: {text}", "bad" if bad else "good")
        case StepDone(title=title, ok=ok, text=text):
            yield Item("step", f"{title}: {text}" if text else title, "good" if ok else "bad")
        case ToolResult(tool=tool, text=text, ok=ok) if tool not in ENDING_TOOLS or not ok:
            yield Item("result", tool, "dim" if ok else "bad", _folded(text))
        case FilesRendered(files=files):
            yield Item("files", ", ".join(files), "good")
        case Committed(sha=sha, subtask=subtask, undo=undo) if sha:
            yield Item("commit", f"{sha[:10]} {subtask}", "good", command=undo)
        case IncidentOpened(title=title, severity=severity, description=description):
            yield Item("incident", f"{severity}: {title}", "bad", (Block(description),))
        case SessionPaused(reason=reason, next_action=action, approval_id=row):
            yield Item("parked", reason, "warn", approval=row, command=action)
        case SessionClosed(outcome=outcome, summary=summary, next_action=action):
            tone = "good" if outcome == "done" else "bad"
            yield Item("ended", outcome.replace("_", " "), tone, (Block(summary),), command=action)
        case _:
            pass


_DECIDED: dict[str, Tone] = {"approved": "good", "rejected": "bad", "expired": "warn", "superseded": "dim"}


def _gate(own: list[str]) -> Iterator[Item]:
    if own:
        yield Item("gate", f"desk.yaml decides otherwise: {'; '.join(own)}", "warn")


def _turn(turn: ModelTurn) -> Iterator[Item]:
    """What was thought and said, with what it took; then a call each."""
    thought = "\n".join(raw["thinking"] for raw in turn.blocks if raw.get("thinking"))
    said = words(turn)
    blocks = tuple(
        block for block in (Block(said), Block(rest=thought, label="thinking")) if block.text or block.rest
    )
    if blocks or turn.usage:
        yield Item("turn", " · ".join(_took(turn)), blocks=blocks)
    for raw in turn.blocks:
        if raw["type"] == "tool_use" and raw["name"] not in ENDING_TOOLS:
            yield Item("call", f"{raw['name']} {_compact(raw['input'])}".strip())


def _took(turn: ModelTurn) -> Iterator[str]:
    yield f"{turn.turn}"
    if turn.duration_s >= 0.05:
        yield f"{turn.duration_s:.1f} s"
    if turn.usage:
        out = int(turn.usage.get("output_tokens") or 0)
        yield f"{tokens(turn.usage) - out:,} tokens in, {out:,} out"
    if turn.cost_usd is not None:
        yield f"${turn.cost_usd:.4f}"
    yield from (f"asked again: {reason}" for reason in turn.retries)


def _plan(made: PlanMade) -> Item:
    steps = made.plan.get("steps") or ()
    titles = "; ".join(str(step.get("title", "")) for step in steps)
    diffs = "\n".join(text for key, text in made.diffs.items() if text and key not in made.unchanged)
    blocks = (Block(diff=diff_of(diffs), label=f"what would change, {counted(len(diffs.splitlines()), 'line')}"),)
    return Item("plan", str(made.plan.get("summary") or titles), blocks=blocks if diffs else ())


def _folded(text: str) -> tuple[Block, ...]:
    lines = text.splitlines()
    rest = "\n".join(lines[SHOWN_LINES:])
    label = counted(len(lines) - SHOWN_LINES, "more line") if rest else ""
    return (Block("\n".join(lines[:SHOWN_LINES]), rest, label),) if text.strip() else ()


def _compact(arguments: dict[str, Any]) -> str:
    return " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
