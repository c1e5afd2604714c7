"""The tables in docs/, made from the code: `python -m agent.docs.tables DIR` writes them between their marks.

A mark is a pair of comments in a Markdown file, `<!-- table NAME -->` and `<!-- end -->`; what stands between
them is the table's.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from agent.context.budget import FULL
from agent.context.loops import ENDED_AFTER
from agent.errors import ExitCode
from agent.gate.policy import EXPIRES_AFTER_MIN, PAGE_AFTER_MIN, REMIND_AFTER_MIN, TABLE, Environment
from agent.journal.events import TYPES
from agent.journal.turns import MAX_FAULTY_TURNS
from agent.journal.view import MAX_CONFLICTS
from agent.model.claude.failure import LONGEST_WAIT_S, MAX_TRIES
from agent.session.nodes.close import MAX_FAILED_ATTEMPTS
from agent.session.nodes.effect import MAX_TRIES as EFFECT_TRIES
from agent.session.nodes.effect import RETRY_S
from agent.settings import FIELDS
from agent.understanding.languages import english, german
from agent.understanding.lexicon import phrases_of
from tools.catalog import TOOLS
from tools.explain import CAUSES
from tools.intents import INTENTS
from tools.validation.rules import RULES as CHECKS

_MARKED = re.compile(r"(<!-- table (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Rows = Iterable[Sequence[str]]


def events() -> Rows:
    """Each type of event and its fields."""
    yield "event", "what it says", "fields"
    for name, kind in TYPES.items():
        yield f"`{name}`", _first_sentence(kind), ", ".join(f"`{field.name}`" for field in fields(kind))


def gate() -> Rows:
    """The table of the policy."""
    yield "class of risk", *(environment.value for environment in Environment)
    for risk, verdicts in TABLE.items():
        yield risk.value, *(verdict.value for verdict in verdicts)


def tools() -> Rows:
    """Each tool and its class of risk."""
    yield "tool", "risk", "what it does"
    for tool in TOOLS:
        yield f"`{tool.name}`", tool.risk.value, tool.description.splitlines()[0]


def approvals() -> Rows:
    """When people are reminded of a row, when somebody is paged, and when it expires."""
    yield "priority", "reminder after", "PagerDuty after", "expired after"
    for priority, minutes in EXPIRES_AFTER_MIN.items():
        paged = f"{PAGE_AFTER_MIN[priority]} min" if priority in PAGE_AFTER_MIN else "never"
        yield priority, f"{REMIND_AFTER_MIN[priority]} min", paged, f"{minutes} min"


def settings() -> Rows:
    """Each setting, where it comes from, its default and the reason."""
    yield "setting", "flag", "variable", "default", "what, in which unit, and why so"
    for name, field in FIELDS.items():
        told = field.told
        default = told.unset or f"`{_shown(field.default)}`"
        flag = f"`--{name.replace('_', '-')}`" if told.section else ""
        variables = ", ".join(f"`{each}`" for each in (f"DESK_{name.upper()}", *told.variables) if told.section)
        yield f"`{name}`", flag, variables, default, f"{told.help} {told.why}".strip()


def exit_codes() -> Rows:
    """What a process ends with."""
    yield "code", "name"
    for code in ExitCode:
        yield str(code.value), code.name.lower().replace("_", " ")


def limits() -> Rows:
    """Every bound of the loop."""
    yield "bound", "value", "what happens at it"
    yield "tries to send one change", str(EFFECT_TRIES), "the intent stays open; resume reads the cluster"
    yield "seconds between them", str(RETRY_S), "before each, the cluster is read: it may have happened"
    yield "changes of the target by others", str(MAX_CONFLICTS), "the call is answered as failed"
    yield "tries of one model turn", str(MAX_TRIES), "the session pauses, exit code 1"
    yield "longest wait that Desk chooses, seconds", str(LONGEST_WAIT_S), "a `retry-after` may be longer"
    yield "turns in a row that could not be used", str(MAX_FAULTY_TURNS), "handed over, exit code 4"
    yield "turns in a row that brought nothing new", str(ENDED_AFTER), "handed over, exit code 4"
    yield "share of the context window", f"{FULL:.0%}", "handed over, exit code 4"
    yield "failed attempts", str(MAX_FAILED_ATTEMPTS), "an incident is opened"


def causes() -> Rows:
    """The vocabulary of a diagnosis, in the rules' order."""
    yield "cause", "what it means", "how it comes about", "what to do", "for example", "more"
    for name, cause in CAUSES.items():
        more = f"[documentation]({cause.source})"
        yield f"`{name}`", cause.means, cause.why, cause.mend, cause.example, more


def checks() -> Rows:
    """The rules of `validate`, a module a subject."""
    yield "rule", "severity", "what it means", "why", "how to mend it", "more"
    for rule in CHECKS:
        more = f"[documentation]({rule.source})"
        yield f"`{rule.name}`", rule.severity, rule.means, rule.why, rule.mend, more


def words() -> Rows:
    """What each tool is asked for with, what does not mean it, and the shapes of an order."""
    yield "tool", "for example", "but not", "in the words that mean nothing else"
    for tool, intent in INTENTS.items():
        shapes = list(dict.fromkeys(_shape(way.words) for way in intent.ways))
        cells = ("; ".join(f"*{said}*" for said in said_so) for said_so in (intent.examples, intent.near_misses))
        yield f"`{tool}`", *cells, "; ".join(f"`{shape}`" for shape in shapes)


def _shape(words: str) -> str:
    return re.sub(r"{(\w+)}", lambda slot: slot[1].upper(), words)


def languages() -> Rows:
    """Each language, and how many words of a sort its tables have."""
    yield "language", "verbs", "nouns", "complaints", "what changes an order"
    for language in (english, german):
        own = language.__name__.rpartition(".")[2]
        name = f"[{own}](../agent/understanding/languages/{own}.py)"
        counted = (
            language.VERBS.values(),
            language.NOUNS.values(),
            [language.COMPLAINTS],
            language.BLOCKERS.values(),
        )
        yield name, *(str(sum(len(phrases_of(table)) for table in tables)) for tables in counted)


TABLES: dict[str, Callable[[], Rows]] = {
    "events": events,
    "gate": gate,
    "tools": tools,
    "approvals": approvals,
    "settings": settings,
    "exit-codes": exit_codes,
    "limits": limits,
    "causes": causes,
    "checks": checks,
    "words": words,
    "languages": languages,
}


def with_tables(text: str) -> str:
    """A Markdown text with each table between marks made anew; raises `KeyError` for a name that there is not."""
    return _MARKED.sub(lambda mark: f"{mark[1]}{_markdown(TABLES[mark['name']]())}\n{mark[3]}", text)


def write(folder: Path) -> None:
    """Make the tables of every Markdown file in a folder anew."""
    for file in sorted(folder.glob("*.md")):
        before = file.read_text()
        after = with_tables(before)
        if after != before:
            file.write_text(after)


def _markdown(rows: Rows) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _first_sentence(kind: Any) -> str:
    text = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
    return text.split(". ")[0].rstrip(".") + "."


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
