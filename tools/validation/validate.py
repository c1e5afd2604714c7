"""Manifests judged: every rule over every set of objects that belong together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from tools.json import Json
from tools.validation import shipped
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest, Manifests, sets_of
from tools.validation.reading import Reading
from tools.validation.rule import Context, Live, NoCluster, Rule
from tools.validation.rules import RULES
from tools.validation.rules.references import unjudged
from tools.validation.schema import is_builtin, is_known, kind_of
from tools.validation.server import Answers

IGNORE = "desk.dev/ignore"
"""The annotation that excepts an object from rules: their names, a colon, and why."""
_WORST_FIRST = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Found:
    """A fault, and the rule that found it."""

    rule: Rule
    fault: Fault


@dataclass
class Validation:
    """What came out: what was found, the worst first; what could not be judged; how much was looked at."""

    path: str
    minor: int
    cluster: str
    found: list[Found]
    not_checked: list[str]
    kinds: Counter[str]

    def count(self, severity: str) -> int:
        """How many of a severity."""
        return sum(each.rule.severity == severity for each in self.found)


@dataclass(frozen=True)
class Against:
    """What manifests are judged against. `minor` None: the cluster's, else the newest that ships with Desk."""

    minor: int | None = None
    mask: Callable[[Json], Json] = lambda value: value
    answers: Answers | None = None
    """What the cluster says; None: it is not asked."""
    ignored: Collection[str] = field(default_factory=frozenset)


def validate(reading: Reading, against: Against) -> Validation:
    """Judge what was read."""
    answers = against.answers
    minor = against.minor or (answers.minor if answers else None) or shipped.minors()[-1]
    live: Live = answers or NoCluster()
    found: list[Found] = []
    not_checked: list[str] = list(reading.left_out)
    for index, manifests in enumerate(sets_of(reading.objects) or [Manifests([])]):
        context = Context(manifests, minor, against.mask, live, generated=frozenset(reading.generated))
        if index == 0:
            context.broken, context.strangers = tuple(reading.broken), tuple(reading.strangers)
            context.everything = tuple(reading.objects)
        found += _judged(context, answers, against.ignored)
        not_checked += unjudged(context)
    not_checked += [*_without_schema(reading.objects, minor, answers), *(answers.not_asked if answers else ())]
    found, excepted = _but_excepted(found)
    found.sort(key=_order)
    return Validation(
        reading.path,
        minor,
        answers.address if answers else "",
        found,
        [*not_checked, *(f"{each.rule.name}: excepted for {_owner(each.fault)}: {why}" for each, why in excepted)],
        Counter(each.kind for each in reading.objects),
    )


def _judged(context: Context, answers: Answers | None, ignored: Collection[str]) -> list[Found]:
    """What the rules find; the API server is asked for what they find no error in."""
    rules = [rule for rule in RULES if rule.name not in ignored]
    found = [Found(rule, fault) for rule in rules for fault in rule.find(context)]
    found = [each for each in found if each.rule.of_text or not each.fault.source.is_base]
    if answers is None:
        return found
    faulty = {id(each.fault.manifest) for each in found if each.rule.severity == "error" and not each.rule.is_taken}
    objects = [each for each in context.manifests.objects if not each.source.is_base]
    well = [each for each in objects if id(each) not in faulty]
    context.refused = tuple(answers.refused(well))
    refusing = [rule for rule in rules if rule.name == "ServerRefuses"]
    return found + [Found(rule, fault) for rule in refusing for fault in rule.find(context)]


def _order(each: Found) -> tuple[int, str, int, int, str]:
    mark = each.fault.mark
    return _WORST_FIRST[each.rule.severity], each.fault.source.path, mark.line, mark.column, each.rule.name


def _but_excepted(found: list[Found]) -> tuple[list[Found], list[tuple[Found, str]]]:
    left: list[Found] = []
    excepted: list[tuple[Found, str]] = []
    for each in found:
        why = _exceptions(each.fault).get(each.rule.name)
        if why is None:
            left.append(each)
        else:
            excepted.append((each, why))
    return left, excepted


def _exceptions(fault: Fault) -> dict[str, str]:
    """The rules that an object is excepted from, and why: `RunsAsRoot, HostPathMounted: it is the node's agent`."""
    if not isinstance(fault.manifest, Manifest):
        return {}
    annotations = fault.manifest.metadata.get("annotations")
    text = annotations.get(IGNORE) if isinstance(annotations, dict) else None
    if not isinstance(text, str):
        return {}
    excepted: dict[str, str] = {}
    for line in filter(None, re.split(r"[;\n]", text)):
        names, colon, why = line.partition(":")
        if colon and why.strip():
            excepted |= {name.strip(): why.strip() for name in names.split(",")}
    return excepted


def _owner(fault: Fault) -> str:
    return str(fault.manifest.ref) if isinstance(fault.manifest, Manifest) else fault.source.path


def _without_schema(objects: list[Manifest], minor: int, answers: Answers | None) -> Iterator[str]:
    """Kinds whose fields nobody could judge."""
    if answers is not None:
        return
    nearest = shipped.nearest_minor(minor)
    unknown: dict[str, int] = defaultdict(int)
    for each in objects:
        is_old = kind_of(each) in shipped.lifecycle()
        if each.kind and not is_known(each, nearest) and not is_builtin(each) and not is_old:
            unknown[kind_of(each)] += 1
    for kind, count in sorted(unknown.items()):
        yield f"the fields of {count} {kind}, of which no schema ships with Desk: no cluster was asked"
