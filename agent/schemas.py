"""The JSON schemas of what Desk prints, made from types: `python -m agent.schemas DIR` writes them.

A document's version is in its name; within a version fields are only added.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent.journal.events import TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Json = dict[str, Any]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)


class Subtask(_Document):
    """One finished subtask. `commit` is empty until git has it."""

    subtask: str
    title: str
    target: str
    approved_by: str
    commit: str


class ToolOutcome(_Document):
    """One call's answer. `error` is empty, `arguments`, `failed` or `denied`."""

    tool: str
    ok: bool
    error: str
    text: str
    data: Json | None


class Usage(_Document):
    """What a session took: tokens, as the Messages API counts them; `cost_usd` None when nobody knows the price."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    cost_usd: float | None


class Reading(_Document):
    """What an unclear task may mean, and what to type for it."""

    words: str
    command: str


class Session(_Document):
    """`desk run -o json`, `desk show -o json`."""

    schema_: Literal["desk.session/v1"] = Field(alias="schema")
    session: str
    task: str
    namespace: str
    requester: str
    model: str
    sandbox: bool
    started_at: str
    status: Literal[
        "running", "paused", "done", "failed", "outside", "rejected", "handed_over", "unclear", "cancelled"
    ]
    exit_code: int | None
    summary: str
    next_action: str
    readings: list[Reading]
    turns: int
    usage: Usage
    approval: str | None
    subtasks: list[Subtask]
    incidents: list[str]
    results: list[ToolOutcome]


class Target(_Document):
    """An object a change is for, with the version it was planned on."""

    api_version: str
    kind: str
    namespace: str | None
    name: str
    resource: str
    uid: str
    resource_version: str
    version: str
    verb: Literal["patch", "create", "delete"] = "patch"


class Approval(_Document):
    """One durable row."""

    id: str
    session: str
    status: Literal["pending", "approved", "rejected", "expired", "superseded", "used"]
    summary: str
    tool: str
    arguments: Json
    targets: list[Target]
    digest: str
    risk: str
    environment: str
    priority: Literal["CRITICAL", "HIGH", "MEDIUM"]
    requester: str
    asked_at: str
    deadline: str
    approver: str
    reason: str
    diff: str


class Approvals(_Document):
    """`desk approvals list -o json`, `desk approvals show -o json`."""

    schema_: Literal["desk.approvals/v1"] = Field(alias="schema")
    approvals: list[Approval]


class SessionLine(_Document):
    """One session in a list."""

    session: str
    started_at: str
    task: str
    status: str
    exit_code: int | None
    next_action: str


class Sessions(_Document):
    """`desk sessions -o json`."""

    schema_: Literal["desk.sessions/v1"] = Field(alias="schema")
    sessions: list[SessionLine]


class Status(_Document):
    """`desk status -o json`."""

    schema_: Literal["desk.status/v1"] = Field(alias="schema")
    workspace: str
    sessions: int
    open: list[SessionLine]
    approvals_waiting: list[str]
    last: SessionLine | None


class Object(_Document):
    """An object of the cluster."""

    apiVersion: str
    kind: str
    namespace: str | None
    name: str


class Evidence(_Document):
    """What a finding rests on."""

    source: Literal["status", "event", "log", "spec", "metric"]
    object: str
    text: str


class Remedy(_Document):
    """What a person could type, and what Desk would do (`tool` None: it has no tool for it)."""

    title: str
    command: str
    tool: str | None
    arguments: Json | None
    risk: str | None


class Finding(_Document):
    """One fault, on the object a person would change."""

    cause: str
    severity: Literal["error", "warning", "info"]
    so_far: bool = Field(description="Time alone may still mend it: a warning, until settles_at.")
    settles_at: str | None = Field(description="Until when it may mend by itself, RFC 3339; None if it may not.")
    object: Object
    container: str | None
    affected: list[str]
    summary: str
    why: str
    evidence: list[Evidence]
    remedies: list[Remedy]


class _Looked(_Document):
    """What a diagnosis was on."""

    cluster: str
    namespace: str | None = Field(description="None: all namespaces; each finding's object names its own.")
    checked: dict[str, int]
    settled: bool = Field(
        description="Nothing is starting, and no finding is so far: asked again, it says the same."
    )
    settles_at: str | None = Field(description="When the last of it is judged, RFC 3339; None when it is settled.")
    starting: list[str] = Field(description="What may still become well or bad, and has no finding.")
    not_checked: list[str] = []


class Findings(_Looked):
    """`desk debug-pod -o json`, and the data of a `diagnose` result."""

    schema_: Literal["desk.findings/v1"] = Field(alias="schema")
    findings: list[Finding]


class Counts(_Document):
    """How many findings of each severity."""

    error: int
    warning: int
    info: int


class Diagnosis(_Looked):
    """The first line of `desk debug-pod -o jsonl`; with --watch, of each look."""

    schema_: Literal["desk.diagnosis/v1"] = Field(alias="schema")
    at: str = Field(description="When it was looked at, ISO 8601.")
    counts: Counts


class FindingLine(Finding):
    """Each further line of `desk debug-pod -o jsonl`."""

    schema_: Literal["desk.finding/v1"] = Field(alias="schema")


class Lesson(_Document):
    """`desk debug-pod --explain CAUSE -o json`."""

    schema_: Literal["desk.lesson/v1"] = Field(alias="schema")
    cause: str
    means: str
    why: str
    mend: str
    example: str
    source: str = Field(description="The page of the documentation that the rule rests on.")


class ToolDescription(_Document):
    """One tool."""

    name: str
    risk: str
    description: str
    input_schema: Json


class Tools(_Document):
    """`desk tools -o json`."""

    schema_: Literal["desk.tools/v1"] = Field(alias="schema")
    tools: list[ToolDescription]


class Check(_Document):
    """One thing Desk needs."""

    name: str
    state: Literal["ok", "missing", "optional"]
    text: str


class Doctor(_Document):
    """`desk doctor -o json`."""

    schema_: Literal["desk.doctor/v1"] = Field(alias="schema")
    checks: list[Check]


class Verified(_Document):
    """`desk journal verify -o json`."""

    schema_: Literal["desk.verify/v1"] = Field(alias="schema")
    events: int
    intact: bool


class Error(_Document):
    """What a command prints in place of its document when it fails."""

    schema_: Literal["desk.error/v1"] = Field(alias="schema")
    error: str
    exit_code: int


DOCUMENTS: tuple[type[_Document], ...] = (
    Session,
    Approvals,
    Sessions,
    Status,
    Findings,
    Diagnosis,
    FindingLine,
    Lesson,
    Tools,
    Doctor,
    Verified,
    Error,
)


def schemas() -> dict[str, Json]:
    """File name -> JSON schema of every document and of the events."""
    made = {_file_name(document): _schema(document) for document in DOCUMENTS}
    return {**made, "desk.event.v1.json": _event_schema()}


def _file_name(document: type[_Document]) -> str:
    (name,) = document.model_fields["schema_"].annotation.__args__  # type: ignore[union-attr]
    return f"{name.replace('/', '.')}.json"


def _schema(document: type[_Document]) -> Json:
    return {"$schema": DIALECT, **document.model_json_schema(by_alias=True)}


def _event_schema() -> Json:
    """One line of `journal export` and of `-o jsonl`: the envelope, and a body for each type."""
    definitions: Json = {}
    variants = []
    for name, kind in TYPES.items():
        body = TypeAdapter(kind).json_schema()
        definitions[name] = body
        variants.append({"properties": {"type": {"const": name}, "body": {"$ref": f"#/$defs/{name}"}}})
    properties: Json = {key: {"type": "string"} for key in ("session", "at", "hash")}
    properties |= {"schema": {"const": "desk.event/v1"}, "seq": {"type": "integer"}}
    properties |= {"type": {"enum": list(TYPES)}, "body": {"type": "object"}}
    return {
        "$schema": DIALECT,
        "title": "Event",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "oneOf": variants,
        "$defs": definitions,
    }


def write(folder: Path) -> None:
    """Write every schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
