"""The two tools by which a model ends a session: `finish` and `refer`. They act on the session only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.frame import Result, Risk, Tool, ToolContext


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


ENDINGS: tuple[Tool, ...] = (Tool(finish, Risk.READ), Tool(refer, Risk.READ))
