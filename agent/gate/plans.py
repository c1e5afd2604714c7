"""The gate judges a plan: what each of its changes is, where it takes effect, and the strictest decision of all.

Pure, but for the labels of places, which are asked for once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.gate.policy import STRICTNESS, Decision, Environment, Table, Verdict, decide, environment_of
from tools.changes.driver import Driver, Preview
from tools.changes.plan import Change, Plan
from tools.risk import Risk

Place = tuple[str, str]
"""A system, and where in it a change takes effect."""
Drivers = Callable[[Change], Driver]


@dataclass(frozen=True, slots=True)
class Case:
    """A plan before the gate. `left` are its changes that are not made yet, `risk` is its tool's."""

    left: Sequence[Change]
    risk: Risk
    always_asked: bool
    named: bool
    """Whether the task orders the plan."""
    stated: bool
    """Whether it belongs to a subtask of the session; true where none is stated."""
    environments: Mapping[Place, tuple[Environment, str]]
    """Of each place, and what is to be said of it."""
    driver: Drivers
    table: Table

    def judge(self, previews: Mapping[str, Preview]) -> Decision:
        """The strictest decision over all changes, with what a person should see first of any of them.

        `previews` are by a change's id; none: before the systems were asked.
        """
        decisions = [self._decide(each, previews.get(each.id)) for each in self.left]
        strictest = max(decisions, key=lambda decision: STRICTNESS.index(decision.verdict))
        why = [said for each in self.left if (said := _why(each, previews.get(each.id)))]
        return replace(strictest, reason=f"{strictest.reason}: {'; '.join(why)}") if why else strictest

    def _decide(self, change: Change, preview: Preview | None) -> Decision:
        """The strictest over all that it is judged as."""
        asked = self.always_asked or (preview is not None and bool(preview.takes_over))
        seen = None if change.effects else preview
        decisions = [self._decide_one(each, seen, always_asked=asked) for each in change.judged]
        return max(decisions, key=lambda decision: STRICTNESS.index(decision.verdict))

    def _decide_one(self, change: Change, preview: Preview | None, *, always_asked: bool) -> Decision:
        driver = self.driver(change)
        risk = driver.risk(change, self.risk, preview)
        environment, note = self.environments[change.system, driver.place(change)]
        decision = decide(
            risk, environment, named=self.named, stated=self.stated, always_asked=always_asked, table=self.table
        )
        if decision.verdict is Verdict.ALLOW or risk is Risk.CLUSTER or not note:
            return decision
        return replace(decision, reason=f"{decision.reason} ({note})")


def environments(plan: Plan, changes: Sequence[Change], driver: Drivers) -> dict[Place, tuple[Environment, str]]:
    """The environment of each place that the changes touch, asked for once, with what is to be said of it."""
    found: dict[Place, tuple[Environment, str]] = {}
    for change in (judged for each in changes for judged in each.judged):
        place = driver(change).place(change)
        if (change.system, place) in found:
            continue
        labels = driver(change).labels(place) if place else {}
        is_told = not place or "environment" in labels or place in plan.environments
        note = "" if is_told else f"namespace {place} has no label environment, so it counts as prod"
        found[change.system, place] = (environment_of(labels, place, plan.environments.get(place, "")), note)
    return found


def _why(change: Change, preview: Preview | None) -> str:
    """What of a change a person should see first: a guardrail that it loosens, or whose fields it takes over."""
    if preview is None:
        return ""
    if preview.loosens:
        return f"it loosens {preview.loosens}"
    taken = "; ".join(map(str, preview.takes_over))
    return f"in {change.target.kind} {change.target.name} {taken}" if taken else ""
