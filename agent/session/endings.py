"""The tools by which a model ends a session: `finish`, `refer` and `clarify`. They act on the session only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.frame import Result, Tool, ToolContext
from tools.risk import Risk


def finish(
    _context: ToolContext,
    *,
    outcome: Annotated[Literal["done", "failed"], Field(description="Whether the task is done.")],
    summary: Annotated[
        str, Field(min_length=1, max_length=8000, description="What was found and done, for the developer.")
    ],
    next_action: Annotated[str, Field(max_length=500, description="What should be done next, if anything.")] = "",
) -> Result:
    """End the session: the task is done, or cannot be done."""
    return Result(summary, {"outcome": outcome, "summary": summary, "next_action": next_action})


def refer(
    _context: ToolContext,
    *,
    agent: Annotated[
        Literal["Atlas", "Flow", "Shield"],
        Field(description="Atlas: cluster infrastructure. Flow: production deployments. Shield: security policy."),
    ],
    summary: Annotated[
        str,
        Field(min_length=1, max_length=8000, description="What was asked, what was found, why it is theirs."),
    ],
) -> Result:
    """End the session because the task is another agent's."""
    return Result(summary, {"agent": agent, "summary": summary})


class Reading(BaseModel):
    """One thing that a task may mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Annotated[str, Field(min_length=1, max_length=1000, description="It, in words that mean nothing else.")]
    command: Annotated[str, Field(max_length=2000, description="What to type for it.")] = ""


def clarify(
    _context: ToolContext,
    *,
    question: Annotated[
        str, Field(min_length=1, max_length=4000, description="What is unclear, for the developer.")
    ],
    readings: Annotated[list[Reading], Field(max_length=6, description="What the task may mean.")] = [],  # noqa: B006
) -> Result:
    """End the session with a question back: the task can mean several things, or lacks something only they know."""
    said = [reading.model_dump() for reading in readings]
    return Result(question, {"question": question, "readings": said})


ENDINGS: tuple[Tool, ...] = (Tool(finish, Risk.READ), Tool(refer, Risk.READ), Tool(clarify, Risk.READ))
