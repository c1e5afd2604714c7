"""Wordings with one word more, less or another, so that they no longer mean what they meant.

Who understands "restart web" must not understand "restart web tomorrow" as the same. The mutations of a wording are
made from its text alone: the words to insert stand in tables, in English and in German, each with its kind.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from tools.catalog import RISKS

Wording = Mapping[str, Any]
"""An entry of wordings.yaml."""
Call = Mapping[str, Mapping[str, Any]]
"""One call: {tool: {argument: value}}."""
Variant = tuple[str, str]
"""(kind of mutation, mutated text)"""

CHANGING = frozenset(tool for tool, risk in RISKS.items() if risk not in ("read", "render")) | {"set_env"}
"""The tools whose effect would be seen in the cluster."""


class Mutation(NamedTuple):
    """A text that must not lead to the calls of the wording it was made from."""

    text: str
    original: str
    kind: str
    namespace: str | None
    """The session's namespace, where the original has another than the world's."""
    wrong: Sequence[Call]
    """The original's calls: not exactly these, all of them, may come of `text`."""


class Names(NamedTuple):
    """What wordings speak of: the namespaces, and the objects' names by namespace and kind."""

    namespaces: tuple[str, ...]
    objects: Mapping[tuple[str, str], tuple[str, ...]]


# Kinds of which the world has so few that one may be meant without its name: "restart the database".
_FEW = frozenset({"StatefulSet", "DaemonSet", "CronJob", "Job", "PersistentVolumeClaim"})

_NUMBER_WORDS = (
    ("zero", "one", "two", "three", "four", "five", "six", "seven"),
    ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben"),
)

_NEGATIONS = ("don't ", "do not ", "never ", "not ", "under no circumstances ", "stop trying to ")
_NEGATIONS_DE = (" nicht", " nie", " auf keinen Fall")

_HEDGES = ("maybe ", "perhaps ", "I wonder if we should ")
_HEDGES_DE = (" vielleicht", " eventuell")

_SUFFIXES = (
    ("time", " tomorrow"),
    ("time", " at midnight"),
    ("time", " in an hour"),
    ("time", " next week"),
    ("time", " on Monday"),
    ("time", " after the release"),
    ("condition", " if it is down"),
    ("condition", " only if nobody is using it"),
    ("condition", " unless the queue is empty"),
    ("condition", " when the build is green"),
    ("condition", " once the backup is through"),
    ("condition", " provided the tests pass"),
)
_SUFFIXES_DE = (
    ("time", " morgen"),
    ("time", " um Mitternacht"),
    ("time", " in einer Stunde"),
    ("time", " nächste Woche"),
    ("condition", ", falls es hängt"),
    ("condition", ", wenn der Build fertig ist"),
    ("condition", ", sobald das Backup durch ist"),
    ("condition", ", außer es läuft noch ein Test"),
)

_CONDITIONS_FIRST = ("if it is down, ", "once the tests are green, ", "tomorrow at eight, ", "unless Tom objects, ")
_CONDITIONS_FIRST_DE = ("falls es hängt, ", "sobald der Build fertig ist, ", "morgen früh: ")

_REPORTS = (
    "someone said: ",
    "the runbook says: ",
    "Bob wrote in the chat: ",
    "yesterday the log said: ",
    "I heard somebody ask: ",
)
_REPORTS_DE = ("jemand sagte: ", "im Runbook steht: ", "der Kollege schrieb gestern: ")

# The kind a tool means when none is given; all others mean a Deployment.
_KINDS = {
    "suspend": "CronJob",
    "set_schedule": "CronJob",
    "set_service_port": "Service",
    "set_service_selector": "Service",
    "set_claim_class": "PersistentVolumeClaim",
}

_UNITS = {
    "mib": "GB",
    "mi": "Gi",
    "mb": "KB",
    "gib": "MB",
    "gi": "Mi",
    "gb": "MB",
    "gibibytes": "megabytes",
    "cores": "millicores",
    "millicores": "cores",
    "kerne": "Millicores",
    "m": "",
}

_NUMBERS = re.compile(
    r"(?<![\w.:/*\"-])(?P<number>\d+|" + "|".join(chain.from_iterable(_NUMBER_WORDS)) + r")"
    r"(?P<unit>\s?(?:MiB|Mi|MB|GiB|Gi|GB|gibibytes|millicores|cores|Kerne|m)(?!\w))?(?![\w:*/-]|\.\d)",
    re.IGNORECASE,
)
_VERBS = re.compile(
    r"(?<![\w-])(kubectl|oc|k|restart(?:ing)?|bounce|kick|reboot|recycle|scale|set|raise|increase|lower|give|make|change"
    r"|update|roll|revert|undo|resume|unpause|suspend|unsuspend|let|run|delete|remove|kill|point|link|create|stop|shut"
    r"|want|need|do a|only restart"
    r"|starte|skaliere|setze|erhöhe|rolle|lösche|loesche|lass|stoppe|fahre"
    r"|starten|skalieren|neustart)(?![\w-])",
    re.IGNORECASE,
)
_GERMAN_IMPERATIVE = re.compile(
    r"starte|skaliere|setze|erhöhe|rolle|lösche|loesche|lass|stoppe|fahre", re.IGNORECASE
)
_POLITE = re.compile(
    r"\b(please|pls|can|could|would|somebody|you|mind|bitte|kannst|könntet|thanks?|thx|danke)\b", re.IGNORECASE
)
_CLAUSE_END = re.compile(
    r"[.!?;,]+(?=\s|$)(?![^\[]*\])| ,|\n| (?:so|as|because|but|aber|&&) "
    r"|\s+(?:please|pls|for me|thanks?|thx|bitte|danke)\b|$",
    re.IGNORECASE,
)
_NEGATION_SAID = re.compile(
    r"\b(?:(but|aber) )?(?:do not|don't|not|never|except|instead of|nicht|ausser|außer) ", re.IGNORECASE
)


def mutations(wordings: Iterable[Wording], seed: int, count: int = 2000) -> Iterator[Mutation]:
    """`count` mutations with texts that all differ, the same for the same seed, of all kinds in turn.

    Only wordings whose calls change something are mutated. Raises `ValueError` when there are not enough.
    """
    found = _all(list(wordings))
    if len(found) < count:
        raise ValueError(f"These wordings have {len(found)} mutations, not {count}: give more wordings.")
    yield from _mixed(found, random.Random(seed))[:count]


def _all(wordings: Sequence[Wording]) -> list[Mutation]:
    names = _names(wordings)
    taken = {wording["text"] for wording in wordings}
    found: dict[str, Mutation] = {}
    for wording in filter(_changes, wordings):
        for kind, text in _variants(wording, names):
            if text not in taken:
                mutation = Mutation(text, wording["text"], kind, wording.get("namespace"), wording["do"])
                found.setdefault(text, mutation)
    return list(found.values())


def _mixed(found: Iterable[Mutation], dice: random.Random) -> list[Mutation]:
    """One of each kind in turn, so that no kind crowds out another."""
    kinds: dict[str, list[Mutation]] = {}
    for mutation in found:
        kinds.setdefault(mutation.kind, []).append(mutation)
    for of_kind in kinds.values():
        dice.shuffle(of_kind)
    return [mutation for turn in zip_longest(*kinds.values()) for mutation in turn if mutation]


def _names(wordings: Iterable[Wording]) -> Names:
    objects: dict[tuple[str, str], set[str]] = {}
    for tool, arguments in chain.from_iterable(map(_changes, wordings)):
        of_kind = objects.setdefault((arguments["namespace"], _kind(tool, arguments)), set())
        of_kind.update({arguments["name"]} if "name" in arguments else ())
    namespaces = sorted({namespace for namespace, _ in objects})
    return Names(tuple(namespaces), {key: tuple(sorted(those)) for key, those in objects.items()})


def _variants(wording: Wording, names: Names) -> Iterator[Variant]:
    text, german = wording["text"], _german(wording)
    yield from _at_verb(text, "negation", _NEGATIONS_DE if german else _NEGATIONS)
    yield from _at_verb(text, "maybe", _HEDGES_DE if german else _HEDGES)
    yield from _later_or_never(text, german)
    yield from _said_by_others(text, german)
    yield from _asked(text, german)
    yield from _without_negation(wording)
    yield from _except_itself(wording)
    for tool, arguments in _changes(wording):
        yield from _other_name(wording, names.objects[arguments["namespace"], _kind(tool, arguments)], arguments)
        yield from _without_name(wording, tool, arguments)
        yield from _other_namespace(text, names.namespaces, arguments)
        yield from _other_number(wording, arguments)
        yield from _by_instead_of_to(text, tool, arguments)


def _later_or_never(text: str, german: bool) -> Iterator[Variant]:
    for kind, words in _SUFFIXES_DE if german else _SUFFIXES:
        yield kind, _inserted(text, words)
    if _VERBS.match(text):
        for words in _CONDITIONS_FIRST_DE if german else _CONDITIONS_FIRST:
            yield "condition", words + text


def _said_by_others(text: str, german: bool) -> Iterator[Variant]:
    for words in _REPORTS_DE if german else _REPORTS:
        yield "report", words + text
    if '"' not in text:
        yield "report", f'der Kollege meinte "{text}"' if german else f'Alice said "{text}" to me'


def _asked(text: str, german: bool) -> Iterator[Variant]:
    if _POLITE.search(text):
        return
    bare = text.rstrip(" .!\n")
    yield "question", bare + "?"
    if not german and (verb := _VERBS.match(text)):
        run = "run " if verb[1].lower() in ("kubectl", "oc", "k") else ""
        yield "question", f"should I {run}{bare}?"
        yield "question", f"is it a good idea to {run}{bare}?"
        yield "question", f"what if we {run}{bare}?"


def _without_negation(wording: Wording) -> Iterator[Variant]:
    """Both instead of one: "roll back web but not checkout" without its "but not": "roll back web and checkout"."""
    said = _NEGATION_SAID.search(wording["text"])
    if said and "exception" in wording["tags"]:
        both = ("und " if _german(wording) else "and ") if said[1] else ""
        yield "dropped negation", wording["text"][: said.start()] + both + wording["text"][said.end() :]


def _except_itself(wording: Wording) -> Iterator[Variant]:
    """Of "restart web and cart", all "except web", where all that is done is one order in one clause."""
    text, changes = wording["text"], _changes(wording)
    rest = text[_clause_end(text) :]
    for tool, arguments in changes:
        name = arguments.get("name")
        if name and not any(other != tool or _token(those["name"]).search(rest) for other, those in changes):
            yield "exception", _inserted(text, f" außer {name}" if _german(wording) else f" except {name}")


def _other_name(wording: Wording, names: Iterable[str], arguments: Mapping[str, Any]) -> Iterator[Variant]:
    text, name = wording["text"], arguments.get("name", "")
    called = {those.get("name") for _, those in _changes(wording)}
    if not name or not _token(name).search(text):
        return
    end = _named_in_order(text, name).end()
    for other in names:
        if other not in called and not _token(other).search(text):
            yield "other name", _token(name).sub(other, text)
            yield "alternative", f"{text[:end]} {_or(wording)} {other}{text[end:]}"


def _named_in_order(text: str, name: str) -> re.Match[str]:
    """Where the order names it: after its verb, else where it was spoken of last ("web is stuck. restart it")."""
    said = list(_token(name).finditer(text))
    verb = _VERBS.search(text)
    return next((match for match in said if verb and match.start() >= verb.start()), said[-1])


def _without_name(wording: Wording, tool: str, arguments: Mapping[str, Any]) -> Iterator[Variant]:
    text, name = wording["text"], arguments.get("name", "")
    alone = arguments["namespace"] == "op-app" or _kind(tool, arguments) in _FEW
    if name and not alone and "exception" not in wording["tags"] and _token(name).search(text):
        yield "dropped name", _spaced(_token(name).sub("", text))


def _other_namespace(text: str, names: Iterable[str], arguments: Mapping[str, Any]) -> Iterator[Variant]:
    said = _token(arguments["namespace"])
    for other in names:
        if _token(other).search(text) or said.fullmatch(other):
            continue
        if said.search(text):
            yield "other namespace", said.sub(other, text)
        else:
            yield "other namespace", _inserted(text, f" -n {other}" if _is_command(text) else f" in {other}")


def _other_number(wording: Wording, arguments: Mapping[str, Any]) -> Iterator[Variant]:
    text = wording["text"]
    if (said := _number(text, arguments)) is None:
        return
    before, number, unit, after = text[: said.start()], said["number"], said["unit"] or "", text[said.end() :]
    for other in _others(number):
        yield "other number", before + other + unit + after
        yield "alternative", f"{before}{number}{unit} {_or(wording)} {other}{unit}{after}"
    yield "dropped number", _spaced(before + unit.strip() + after)
    if (bare := unit.strip().lower()) in _UNITS:
        yield "other unit", before + number + unit[: len(unit) - len(bare)] + _UNITS[bare] + after
        if bare not in ("cores", "kerne"):  # a bare number of CPUs is one of cores
            yield "other unit", before + number + after


def _by_instead_of_to(text: str, tool: str, arguments: Mapping[str, Any]) -> Iterator[Variant]:
    said = _number(text, arguments)
    if tool not in ("scale", "set_resources") or said is None:
        return
    for to, by in (" to ", " by "), (" auf ", " um "):
        before = text[: said.start()]
        if before.endswith(to):
            yield "by", before.removesuffix(to) + by + text[said.start() :]


def _number(text: str, arguments: Mapping[str, Any]) -> re.Match[str] | None:
    """Where a number stands that is one of the arguments; None when it is not there, or not once."""
    values = set(map(str, chain.from_iterable(_spellings(value) for value in arguments.values())))
    said = [match for match in _NUMBERS.finditer(text) if match["number"].lower() in values]
    return said[0] if len(said) == 1 else None


def _spellings(value: Any) -> Iterator[str]:
    """How an argument's number may be said: 3 as "3", "three", "drei"; 512Mi as "512"."""
    digits = re.fullmatch(r"(\d+)(Mi|M|Gi|G|m)?", str(value))
    if digits is None or isinstance(value, bool):
        return
    yield digits[1]
    if int(digits[1]) < len(_NUMBER_WORDS[0]):
        yield from (words[int(digits[1])] for words in _NUMBER_WORDS)


def _others(number: str) -> Iterator[str]:
    if number.isdigit():
        yield from (str(int(number) + 1), str(int(number) * 10 + 7))
    for words in _NUMBER_WORDS:
        if number.lower() in words:
            at = words.index(number.lower())
            yield from (words[(at + 1) % len(words)], words[at - 2])


def _at_verb(text: str, kind: str, insertions: Iterable[str]) -> Iterator[Variant]:
    """The words at the verb of the order: before it, but after a German imperative ("starte nicht web neu")."""
    if (verb := _VERBS.search(text)) is None:
        return
    at = verb.end() if _GERMAN_IMPERATIVE.fullmatch(verb[1]) else verb.start()
    for words in insertions:
        spaced = words if words.endswith(" ") or at == verb.end() else f"{words.strip()} "
        yield kind, text[:at] + spaced + text[at:]


def _inserted(text: str, words: str) -> str:
    end = _clause_end(text)
    return text[:end] + words + text[end:]


def _clause_end(text: str) -> int:
    """Where the clause of the order ends, before its full stop or a "please"."""
    verb = _VERBS.search(text)
    found = _CLAUSE_END.search(text, verb.end() if verb else 0)
    return found.start() if found else len(text)


def _token(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", re.IGNORECASE)


def _spaced(text: str) -> str:
    return re.sub(r" {2,}", " ", text).strip()


def _or(wording: Wording) -> str:
    return "oder" if _german(wording) else "or"


def _german(wording: Wording) -> bool:
    return "german" in wording["tags"]


def _is_command(text: str) -> bool:
    return re.match(r"(kubectl|oc|k)\s", text) is not None


def _kind(tool: str, arguments: Mapping[str, Any]) -> str:
    return str(arguments.get("kind", _KINDS.get(tool, "Deployment")))


def _changes(wording: Wording) -> list[tuple[str, Mapping[str, Any]]]:
    """The calls that change something; none for a wording with another outcome."""
    calls = chain.from_iterable(call.items() for call in wording.get("do", ()))
    return [(tool, arguments) for tool, arguments in calls if tool in CHANGING]
