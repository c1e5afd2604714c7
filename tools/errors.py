"""How a tool says that it could not do what it was called for."""

from __future__ import annotations

from typing import Literal


class ToolError(Exception):
    """A tool could not do it; the text is for whoever called it, model or person."""


class ArgumentsError(ToolError):
    """The arguments are wrong; the text says which and how to mend them."""


class ToolFailed(ToolError):
    """It failed for good."""


class Refused(ToolError):
    """Desk never does that: it is `owner`'s, another agent's."""

    def __init__(self, text: str, owner: Literal["Atlas", "Flow", "Shield"]) -> None:
        super().__init__(text)
        self.owner = owner
