"""The port that each system has a driver for: may it be done, what would come of it, do it, is it done?

A driver makes one change at a time, and says truly what it knows of it. When to send, to ask, to look again and to
write down is the agent's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from tools.changes.plan import Change, Plan, Takeover
from tools.json import Json
from tools.risk import Risk


class Stale(Exception):
    """The target is not as it was when the change was planned: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a system's dry run made of a change: the object before, the values expected, the difference."""

    before: Json
    expected: Json
    diff: str
    same: bool = False
    """Whether nothing would change."""
    takes_over: tuple[Takeover, ...] = ()
    """Fields that other managers have set otherwise: the change is asked as taking them over."""
    undo: Json | None = None
    """What undoes the change, where only the dry run tells it; None: as the change itself says."""
    loosens: str = ""
    """What of a guardrail would be less strict, in words."""
    unseen: bool = False
    """The system could not be asked yet, for the plan itself makes what the target is in: asked before sending."""

    def completed(self, change: Change) -> Change:
        """The change with what only the system could tell of it."""
        undo = change.undo if self.undo is None else self.undo
        return replace(change, undo=undo, takes_over=self.takes_over)


@dataclass(frozen=True, slots=True)
class Effect:
    """A change that is in effect: the values at the changed paths, as the system wrote them."""

    after: Json
    uid: str = ""
    """Of an object that was created."""
    told: str = ""
    """What whoever asked for it should know, in words: until when a kubeconfig is valid."""


@dataclass(frozen=True, slots=True)
class Running:
    """A change that the system has accepted and is still making: to be asked for again by `operation`."""

    operation: str
    wait_s: float
    """How long to wait before the next question, in seconds."""


class Driver(Protocol):
    """One system. Every method raises a `ClusterError` of its kind when the answer is no, or there is none."""

    @property
    def account(self) -> str:
        """Which cluster or account it is: part of what an approval is bound to."""
        ...

    @property
    def at_once(self) -> int:
        """Of how many changes it may be asked at the same time, from as many threads; 1: one after the other.

        What it says of `refusal`, `is_current` and `preview` is asked so; changes are sent one by one.
        """
        ...

    def refusal(self, change: Change) -> str:
        """Who may not make this change, in words; empty when it may be made."""
        ...

    def risk(self, change: Change, asked: Risk, preview: Preview | None) -> Risk:
        """The class of this change, by what it does; `asked` is its tool's. Pure."""
        ...

    def place(self, change: Change) -> str:
        """Where the change takes effect: what has an environment, a namespace; empty: it is global. Pure."""
        ...

    def labels(self, place: str) -> Mapping[str, str]:
        """The labels of a place; none where it is not there yet."""
        ...

    def is_current(self, change: Change) -> bool:
        """Whether the target still is as it was when the change was planned."""
        ...

    def preview(self, change: Change, plan: Plan, done: Collection[str]) -> Preview:
        """What would come of it, without an effect. `done` are the ids of the plan's changes that are in effect."""
        ...

    def filled(self, change: Change) -> Json:
        """The body of a change with the credentials that it lacks: only to be sent, and written nowhere.

        Raises `ToolFailed` where they cannot be had.
        """
        ...

    def send(self, change: Change, body: Json, token: str) -> Effect | Running:
        """Make the change with this body, once: bound to the version it was planned on, or to `token`.

        Raises `Stale` when the target is not as planned, `Conflict` when it has to be looked at again; after any
        other error nobody knows whether it happened, and `observe` tells.
        """
        ...

    def follow(self, change: Change, operation: str) -> Effect | Running:
        """What has come of a change that was still being made."""
        ...

    def observe(self, change: Change, expected: Json) -> Effect | None:
        """Look whether the change is in effect, by whomever it was sent; None when it is not."""
        ...
