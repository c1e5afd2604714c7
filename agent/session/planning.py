"""The tool `plan`: a session says what it will do, ticks it, and puts aside what is not its task."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.context.subtasks import Stated
from agent.journal.view import PLAN, SessionView
from tools.errors import ArgumentsError
from tools.frame import Result, Tool, ToolContext
from tools.risk import Risk

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Stating(BaseModel):
    """A subtask to be done."""

    model_config = _STRICT

    title: Annotated[str, Field(min_length=1, max_length=200, description="What is to be done.")]
    tool: Annotated[str, Field(max_length=60, description="The tool that changes something; empty: none.")] = ""
    names: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=253)]],
        Field(max_length=50, description="Of the objects it changes."),
    ] = []


class Noticing(BaseModel):
    """What is beside the task."""

    model_config = _STRICT

    what: Annotated[str, Field(min_length=1, max_length=300, description="What was seen, and where.")]
    words: Annotated[str, Field(min_length=1, max_length=300, description="The task to ask for, in words.")]


def plan_tool(view: SessionView, tools: Collection[str]) -> Tool:
    """The tool `plan` of a session; `tools` are the names of its tools."""

    def plan(
        _context: ToolContext,
        *,
        subtasks: Annotated[list[Stating], Field(max_length=50, description="To be added.")] = [],  # noqa: B006
        done: Annotated[
            list[Annotated[int, Field(ge=1)]],
            Field(max_length=50, description="Numbers that are done without a change."),
        ] = [],  # noqa: B006
        noticed: Annotated[
            list[Noticing], Field(max_length=20, description="Beside the task: it is not done now.")
        ] = [],  # noqa: B006
    ) -> Result:
        """State the subtasks of the task, tick them, note what is beside it. A change ticks its own by itself."""
        unknown = sorted({each.tool for each in subtasks if each.tool} - set(tools))
        if unknown:
            raise ArgumentsError(
                f"{PLAN}: there is no tool {', '.join(unknown)}. Name the one that will change it."
            )
        said = {
            "subtasks": [each.model_dump() for each in subtasks],
            "done": list(done),
            "noticed": [each.model_dump() for each in noticed],
        }
        stated = Stated.from_json(view.stated.to_json())
        stated.say(said)
        if wrong := [number for number in done if number > len(stated.subtasks)]:
            raise ArgumentsError(f"{PLAN}: there is no subtask {wrong[0]}. There are {len(stated.subtasks)}.")
        aside = [f"- beside the task: {each.what}" for each in stated.noticed]
        return Result("\n".join([*stated.lines(), *aside]) or "Nothing is stated.", said)

    return Tool(plan, Risk.READ)
