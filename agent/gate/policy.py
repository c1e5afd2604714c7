"""The gate: what Desk may do alone, what a person decides, and what is another agent's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from tools.environments import WORDS
from tools.risk import Risk


class Environment(StrEnum):
    """What a namespace is for."""

    DEV = "dev"
    TEST = "test"
    STAGING = "staging"
    PROD = "prod"


class Verdict(StrEnum):
    """What the gate says to a call."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


Priority = Literal["CRITICAL", "HIGH", "MEDIUM"]
Owner = Literal["", "Atlas", "Flow", "Shield"]
Cells = Mapping[Any, Mapping[Any, str]]
"""Single cells of the table, as an operator sets them: class of risk -> environment -> verdict, in words."""

_COLUMN_OF = MappingProxyType({"qa": Environment.TEST})
"""The column of an environment that has none of its own."""
_LABELS = MappingProxyType({word: _COLUMN_OF.get(said) or Environment(said) for word, said in WORDS.items()})

_A, _K, _D = Verdict.ALLOW, Verdict.ASK, Verdict.DENY

Table = Mapping[Risk, tuple[Verdict, Verdict, Verdict, Verdict]]
"""Of each class of risk the verdict in dev, test, staging, prod."""

TABLE: Table = MappingProxyType(
    {  #                dev test stag prod
        Risk.READ: (_A, _A, _A, _A),
        Risk.RENDER: (_A, _A, _A, _A),
        Risk.PROVISION: (_A, _K, _K, _K),
        Risk.CHANGE: (_A, _K, _K, _D),
        Risk.SECRET: (_K, _K, _K, _D),
        Risk.DELETE: (_K, _K, _K, _D),
        Risk.CLOUD: (_K, _K, _K, _K),
        Risk.CLUSTER: (_D, _D, _D, _D),
    }
)

REMIND_AFTER_MIN: MappingProxyType[Priority, int] = MappingProxyType({"CRITICAL": 5, "HIGH": 15, "MEDIUM": 30})
PAGE_AFTER_MIN: MappingProxyType[Priority, int] = MappingProxyType({"CRITICAL": 10, "HIGH": 30})
"""Counted from the asking, as is all of this; what is not in it pages nobody."""
EXPIRES_AFTER_MIN: MappingProxyType[Priority, int] = MappingProxyType({"CRITICAL": 30, "HIGH": 60, "MEDIUM": 60})

_COLUMNS = tuple(Environment)
STRICTNESS = tuple(Verdict)
"""From the loosest to the strictest."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate decided, and why in words for whoever reads it. `owner` is whose a denied thing is."""

    verdict: Verdict
    reason: str
    environment: Environment
    priority: Priority = "MEDIUM"
    owner: Owner = ""


def environment_of(labels: Mapping[str, str] | None, place: str = "", planned: str = "") -> Environment:
    """The environment a namespace's labels say; without a word that is known it counts as prod.

    A namespace that is to be made has none: it is what the plan says (`planned`). And a name that says something
    stricter, as a word of its own (`payments-prod`), is believed more than a plan.
    """
    said = (labels or {}).get("environment", "") or planned
    told = _LABELS.get(said.strip().lower(), Environment.PROD)
    if (labels or {}).get("environment"):
        return told
    words = [_LABELS[word] for word in place.lower().split("-") if word in _LABELS]
    return max([told, *words], key=_COLUMNS.index)


def with_cells(cells: Cells) -> Table:
    """The table with an operator's own cells in place of its own; raises `ValueError` for what is none."""
    table = dict(TABLE)
    for risk, own in cells.items():
        row = dict(zip(_COLUMNS, table[Risk(risk)], strict=True))
        row |= {Environment(column): Verdict(word) for column, word in own.items()}
        dev, test, staging, prod = row.values()
        table[Risk(risk)] = (dev, test, staging, prod)
    return MappingProxyType(table)


def asking(cells: Cells) -> Cells:
    """The cells with which a person is asked wherever these would let a change be made; what is denied stays so."""
    asks = dict(cells)
    for risk, verdicts in with_cells(cells).items():
        if risk is not Risk.READ:
            allowed = [
                column for column, verdict in zip(_COLUMNS, verdicts, strict=True) if verdict is Verdict.ALLOW
            ]
            asks[risk.value] = {**cells.get(risk.value, {}), **{each.value: Verdict.ASK.value for each in allowed}}
    return asks


def differences(table: Table) -> list[str]:
    """The cells in which a table is not the design's, in words, the looser ones first."""
    looser: list[str] = []
    stricter: list[str] = []
    for risk, verdicts in table.items():
        for environment, usual, own in zip(_COLUMNS, TABLE[risk], verdicts, strict=True):
            if own is usual:
                continue
            is_looser = STRICTNESS.index(own) < STRICTNESS.index(usual)
            said = f"{risk.value} in {environment.value}: {own.value} instead of {usual.value}"
            (looser if is_looser else stricter).append(f"{said}, looser" if is_looser else said)
    return [*looser, *stricter]


def decide(
    risk: Risk,
    environment: Environment,
    *,
    named: bool,
    stated: bool = True,
    always_asked: bool = False,
    table: Table = TABLE,
) -> Decision:
    """The table, and three rules on top of it that can only be stricter.

    `named`: the task names the target and asks for a change. Every session reads files and the cluster before
    its first turn, and what stands there must not widen a decision: a change the task did not name asks.
    `stated`: it belongs to a subtask of the session, where that has said what its subtasks are.
    `always_asked`: the tool's changes ask wherever the table would allow them.
    """
    verdict = table[risk][_COLUMNS.index(environment)]
    if verdict is Verdict.DENY:
        owner: Owner = "Atlas" if risk is Risk.CLUSTER else "Flow"
        return Decision(verdict, _denied(risk, environment, owner), environment, "CRITICAL", owner)
    priority = _priority(risk, environment)
    if verdict is Verdict.ALLOW and risk not in (Risk.READ, Risk.RENDER) and not named:
        reason = "the task did not name this change, and text that came from the cluster was read before it"
        return Decision(Verdict.ASK, reason, environment, priority)
    if verdict is Verdict.ALLOW and risk not in (Risk.READ, Risk.RENDER) and not stated:
        reason = "it belongs to none of the subtasks that the session has stated"
        return Decision(Verdict.ASK, reason, environment, priority)
    if verdict is Verdict.ALLOW and always_asked:
        return Decision(Verdict.ASK, "this is asked for in every environment", environment, "HIGH")
    said = "may be done" if verdict is Verdict.ALLOW else "needs a person's approval"
    return Decision(verdict, f"{risk.value} in {environment.value} {said}", environment, priority)


def _denied(risk: Risk, environment: Environment, owner: str) -> str:
    if risk is Risk.CLUSTER:
        return f"cluster-scoped objects, nodes, admin roles and guardrails are {owner}'s: ask {owner}"
    return f"{risk.value} in {environment.value} is {owner}'s, which manages production: ask {owner}"


def _priority(risk: Risk, environment: Environment) -> Priority:
    if environment is Environment.PROD:
        return "CRITICAL"
    if environment is Environment.STAGING or risk in (Risk.DELETE, Risk.SECRET):
        return "HIGH"
    return "MEDIUM"
