"""A clause fitted to one way of asking for a tool: what each word is for, and what is left over. Pure."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.understanding import access
from agent.understanding.clauses import Clause, Terms
from agent.understanding.login import Login
from agent.understanding.quantities import Value
from agent.understanding.spoken import Target
from agent.understanding.terms import Term
from agent.understanding.world import World
from tools.intents import INTENTS, Slot, Way
from tools.json import Json

# More cores than a node has; who says so means millicores.
MANY_CORES = 64
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_VERSION = re.compile(r"v?\d+(\.\d+)*([-.]\w+)*")


@dataclass(frozen=True)
class Surroundings:
    """What a clause is understood with: the names there are, and what was spoken of before it."""

    world: World
    namespaces: tuple[str, ...]
    before: tuple[Target, ...] = ()
    is_earlier: bool = False
    """Whether `before` is of the task before this one: several of them are meant only by a word for several."""
    schemas: Mapping[str, Json] = field(default_factory=dict)
    """The JSON schema of each tool's arguments."""
    excludes: bool = False
    """Whether the clause leaves something out: `everything except web`."""
    login: Login = field(default_factory=Login)
    registry: str = ""


@dataclass(frozen=True)
class Match:
    """A way that fits: what it gives, and what it leaves. `options` are the values where one is unclear."""

    tool: str
    way: Way
    arguments: Json
    targets: tuple[Target, ...]
    leftover: Terms
    missing: tuple[str, ...]
    evidence: int
    options: tuple[Json, ...] = ()
    argument: str = ""
    """The argument that the targets are for."""
    kinds: tuple[str, ...] = ()
    """The kinds that are to be listed, one after the other."""
    is_recalled: bool = False
    """Whether the targets are what was spoken of before."""

    @property
    def is_whole(self) -> bool:
        """Whether every word is accounted for and nothing is wanting."""
        return not self.leftover and not self.missing and not self.options


def matches(clause: Clause, around: Surroundings, *, reads: bool) -> list[Match]:
    """Every way that the clause could ask for a tool, the best first. `reads`: of the tools that only look."""
    found = [
        match
        for tool, intent in INTENTS.items()
        if tool in around.schemas and (tool in READS) is reads
        for way in intent.ways
        if (match := _Fit(tool, way, clause, around).match()) is not None
    ]
    return sorted(found, key=lambda match: (len(match.leftover), len(match.missing), -match.evidence))


_DIRECT = ("delete", "restart", "scale", "rollback_rollout", "resume_rollout", "suspend")
"""What is done to an object itself: never to what stands behind `to` or `from`."""
_SOFTWARE = (
    "postgres",
    "mysql",
    "maria",
    "mongo",
    "redis",
    "kafka",
    "rabbit",
    "elastic",
    "cassandra",
    "sql",
    "nginx",
)
"""What is a database, a broker, a cache or a server by its name."""
_PLEASE = frozenset(["please", "pls", "plz", "kindly", "bitte"])
_DIRECTIONS = frozenset(["up", "down", "hoch", "runter", "herunter", "herauf", "rauf"])
_AMOUNTS = ("memory", "cpu", "count", "sized memory", "sized cpu")
_ARTICLES = frozenset(["the", "a", "an", "der", "die", "das", "den"])
_NAMED = ("get", "describe", "save_manifest", "delete")
"""What must be said of: what was spoken of before is not taken for it."""
READS = frozenset(
    [
        "get",
        "list",
        "describe",
        "logs",
        "events",
        "top",
        "wait_for_rollout",
        "rollout_status",
        "rollout_history",
        "who_can",
        "whoami",
        "show_container",
        "port_forward",
        "save_logs",
        "save_manifest",
    ]
)
"""The tools that change nothing on a cluster."""


class _Fit:
    """One attempt. Terms are taken one by one; what no part of the way takes is left over."""

    def __init__(self, tool: str, way: Way, clause: Clause, around: Surroundings) -> None:
        self._tool, self._way, self._around = tool, way, around
        self._clause, self._terms = clause, clause.terms
        self._taken: set[int] = set()
        self._arguments: Json = dict(way.fixed)
        self._targets: tuple[Target, ...] = ()
        self._target_argument = ""
        self._missing: list[str] = []
        self._options: list[Json] = []
        self._evidence = 0
        self._recalled = False
        self._kinds: tuple[str, ...] = ()

    def match(self) -> Match | None:
        if not self._take_verb() or not all(self._take_noun(noun) for noun in self._way.nouns.split()):
            return None
        for slot in self._way.slots:
            if not self._fill(slot) and not slot.optional:
                self._missing.append(slot.argument)
        self._take_may()
        leftover = tuple(term for index, term in enumerate(self._terms) if not self._is_accounted(index))
        return Match(
            self._tool, self._way, self._arguments, self._targets, leftover, tuple(dict.fromkeys(self._missing)),
            self._evidence, tuple(self._options), self._target_argument, self._kinds,
            self._recalled,
        )  # fmt: skip

    def _take_verb(self) -> bool:
        verbs = self._way.verbs.split()
        if not verbs:
            return self._tool in READS or self._is_told_without_verb()
        found = [
            index for index, term in enumerate(self._terms) if any(term.can_be("verb", verb) for verb in verbs)
        ]
        if not found:
            return False
        plain = [index for index in found if self._terms[index].sort == "word"]
        self._take((plain or found)[0])
        self._evidence += 2
        return True

    def _is_told_without_verb(self) -> bool:
        """`memory limit of web to 1Gi`; but `memory limit of web: 512Mi` only says what is."""
        if any(term.can_be("verb") and not term.can_be("noun") for term in self._terms if term.sort == "word"):
            return False
        told = any(term.preposition == "to" and (term.value is not None) for term in self._terms)
        return told or any(term.low in _PLEASE or term.can_be("request") for term in self._terms)

    def _is_by_how_much(self, term: Term, slot: Slot) -> bool:
        """`raise the memory by 1Gi`, `scale up 2`: how much more is no value that it shall have."""
        if (
            slot.sort not in ("memory", "cpu", "count", "sized memory", "sized cpu")
            or slot.after
            or not slot.argument
        ):
            return False
        verbs = frozenset().union(*(each.concepts("verb") for each in self._terms if each.sort == "word"))
        moves = verbs & {"raise", "lower"} and not verbs & {"set"}
        moves = moves or any(each.low in _DIRECTIONS for each in self._terms)
        return bool(moves) and term.preposition not in ("to", "at")

    def _take_noun(self, noun: str) -> bool:
        found = [index for index, term in enumerate(self._terms) if term.can_be("noun", noun)]
        fresh = [index for index in found if index not in self._taken or self._is_compound(index)]
        plain = [index for index in fresh if self._terms[index].sort == "word"]
        if not fresh:
            return False
        self._take((plain or fresh)[0])
        self._evidence += 3
        return True

    def _is_compound(self, index: int) -> bool:
        """`Speicherlimit` is memory and limit."""
        return len(self._terms[index].concepts("noun")) > 1 and not self._terms[index].can_be("verb")

    def _take_may(self) -> None:
        for index, term in enumerate(self._terms):
            nouns = (*self._way.nouns.split(), *self._way.may.split())
            if index not in self._taken and any(term.can_be("noun", noun) for noun in nouns):
                self._take(index)

    def _take(self, index: int) -> None:
        self._taken.add(index)

    def _is_accounted(self, index: int) -> bool:
        term = self._terms[index]
        if index in self._taken or term.sort in ("namespace", "environment"):
            return True
        if term.sort in ("name", "literal") or (term.value is not None and not term.can_be("filler")):
            return False
        if self._tool in READS and (term.can_be("everything") or term.can_be("everywhere")):
            return True
        if self._tool in READS and self._asks_or_orders() and term.can_be("asking"):
            return True
        if any(term.can_be(sort) for sort in ("filler", "preposition", "namespace", "request", "only")):
            return True
        if term.can_be("light") and self._is_nominal():
            return True
        if term.can_be("noun", "role_of"):
            return self._is_said_of_software(index)
        if term.can_be("pronoun", "one") or (term.can_be("everything") and not term.can_be("blocker")):
            return bool(self._targets)
        return term.can_be("kind") and self._is_said_of_target(index)

    def _is_nominal(self) -> bool:
        """`give web a restart`: what is to be done is said by a noun."""
        taken = [term for index, term in enumerate(self._terms) if index in self._taken and term.sort == "word"]
        return any(term.can_be("noun", "restart") or "neustart" in term.low for term in taken)

    def _is_said_of_software(self, index: int) -> bool:
        """`the postgres database`; but web's database is another object than web."""
        before = self._terms[index - 1] if index else None
        return before is not None and index - 1 in self._taken and any(each in before.name for each in _SOFTWARE)

    def _asks_or_orders(self) -> bool:
        """Whether it is a question or an order: in a statement, words of a question say something else."""
        if not self._way.verbs and not self._clause.asks:
            return bool(self._terms) and any(term.can_be("question") for term in self._terms[:3])
        return True

    def _is_said_of_target(self, index: int) -> bool:
        """A kind beside a name that was taken."""
        if self._recalled and self._terms[index].concepts("kind") & {target.kind for target in self._targets}:
            return True
        kinds = {kind for target in self._targets for kind in (target.kind, *target.kinds)} | {"Pod"}
        if self._tool in _DIRECT and kinds != {"Pod"} and not self._terms[index].concepts("kind") & kinds:
            return False
        beside = [at for at in range(max(0, index - 2), min(len(self._terms), index + 3)) if at in self._taken]
        return any(self._terms[at].name or self._terms[at].can_be("pronoun") for at in beside)

    def _fill(self, slot: Slot) -> bool:
        match slot.sort:
            case "object":
                return self._object(slot)
            case "kind":
                return self._kind(slot)
            case "login":
                return self._login()
            case "access":
                return self._access()
            case "pairs":
                return self._pairs(slot)
            case "variables":
                return self._variables(slot)
            case "ports":
                return self._ports()
            case "container":
                return self._container(slot)
            case "selector":
                return self._selector(slot)
            case _:
                return self._valued(slot, _READERS[slot.sort])

    # objects

    def _object(self, slot: Slot) -> bool:
        named = [index for index, term in enumerate(self._terms) if self._names(index, term, slot)]
        if self._tool not in READS:
            named = [at for at in named if not any(self._is_beside(before, at) for before in named if before < at)]
        targets = self._in_their_places(named, [self._target(index, slot) for index in named])
        if not named:
            targets = self._all_of_kind(slot) or self._recall(slot) or self._unlisted(slot)
        self._taken |= set(named)
        if not targets:
            return False
        self._evidence += 2
        if slot.argument:
            self._targets, self._target_argument = tuple(dict.fromkeys(targets)), slot.argument
        return True

    def _is_beside(self, before: int, at: int) -> bool:
        """Whether two names stand side by side, so that they are no list: `the nightly report`."""
        between = self._terms[before + 1 : at]
        return all((term.can_be("filler") or term.can_be("kind")) and not term.can_be("and") for term in between)

    def _in_their_places(self, named: list[int], targets: list[Target]) -> list[Target]:
        """`web in shop-dev and app2 in op-dev`: each where it is said to be, if it is said of each."""
        if len(named) < 2:
            return targets
        behind = [
            next((term for term in self._terms[index + 1 : end] if term.sort in ("namespace", "environment")), None)
            for index, end in zip(named, [*named[1:], len(self._terms)], strict=True)
        ]
        if not all(behind):
            return targets
        return [
            replace(target, namespace=term.namespace)
            for target, term in zip(targets, behind, strict=True)
            if term is not None
        ]

    def _recall(self, slot: Slot) -> list[Target]:
        targets = self._meant_before(slot)
        self._recalled = bool(targets)
        return targets

    def _names(self, index: int, term: Term, slot: Slot) -> bool:
        if index in self._taken or not term.name or term.sort not in ("name", "namespace"):
            return False
        if term.kinds == ("Pod",) and slot.kinds and "Pod" not in slot.kinds:
            return not self._destroys() and bool(self._workload_of(term, slot))
        if index == 0 and term.can_be("verb") and self._way.verbs == "":
            return False
        if self._destroys() and term.text.casefold() != term.name:
            return False  # nothing is deleted or stopped for a typing error
        if self._tool in _DIRECT and term.preposition in ("to", "from"):
            return False
        if self._is_of_another_kind(index, term):
            return False
        if term.sort == "namespace" and (term.preposition in ("in", "on") or self._follows_namespace_word(index)):
            return False
        if term.preposition in ("to", "from") and slot.argument and self._has_other_name(index):
            return False
        return not slot.kinds or not term.kinds or bool(self._kinds_here(index, term, slot))

    def _destroys(self) -> bool:
        return self._tool == "delete" or self._way.fixed.get("replicas") == 0

    def _is_of_another_kind(self, index: int, term: Term) -> bool:
        """`delete service catalog`, where there is a Deployment of that name only."""
        said = self._kind_beside(index)
        if not said or not term.kinds or said & set(term.kinds):
            return False
        return not (said <= {"Pod"} and not self._destroys())

    def _has_other_name(self, index: int) -> bool:
        return any(at != index and term.sort == "name" and term.preposition not in ("to", "from")
                   for at, term in enumerate(self._terms))  # fmt: skip

    def _follows_namespace_word(self, index: int) -> bool:
        before, after = self._terms[index - 1 : index], self._terms[index + 1 : index + 2]
        return any(term.can_be("namespace") for term in (*before, *after))

    def _kinds_here(self, index: int, term: Term, slot: Slot) -> tuple[str, ...]:
        said = self._kind_beside(index)
        kinds = tuple(kind for kind in term.kinds if not slot.kinds or kind in slot.kinds)
        return (
            tuple(kind for kind in kinds if kind in said)
            if said and any(kind in said for kind in term.kinds)
            else kinds
        )

    def _kind_beside(self, index: int) -> frozenset[str]:
        for at in (index - 1, index + 1):
            is_word = 0 <= at < len(self._terms) and self._terms[at].sort == "word" and at not in self._taken
            if is_word and (kinds := self._terms[at].concepts("kind")):
                return kinds
        return frozenset()

    def _target(self, index: int, slot: Slot) -> Target:
        term = self._terms[index]
        if term.kinds == ("Pod",) and slot.kinds and "Pod" not in slot.kinds:
            return self._workload_of(term, slot)[0]
        kinds = self._kinds_here(index, term, slot)
        beside = self._kind_beside(index)
        chosen = kinds[0] if kinds else next(iter(sorted(beside)), "")
        if len(kinds) > 1 and self._tool == "delete":
            self._options = [{"kind": kind} for kind in kinds]
        said = (chosen,) if beside and chosen in beside else term.kinds
        return Target(term.name, chosen, term.namespace if term.sort == "name" else "", said)

    def _workload_of(self, term: Term | Target, slot: Slot) -> list[Target]:
        """What is to be done to a workload, said of a pod of it."""
        name = self._around.world.workload_of(term.name, self._around.namespaces)
        kinds = self._around.world.kinds_of(name, self._around.namespaces) if name else ()
        return [Target(name, kind, term.namespace) for kind in kinds if kind in slot.kinds][:1]

    def _all_of_kind(self, slot: Slot) -> list[Target]:
        """`all deployments`, `every workload`."""
        everything = [
            index for index, term in enumerate(self._terms) if term.can_be("everything") and term.sort == "word"
        ]
        if not everything or self._tool in READS or self._tool == "delete":
            return []
        said = {kind for term in self._terms if term.sort == "word" for kind in term.concepts("kind")}
        if (
            not said
            and not self._around.excludes
            and not any(term.can_be("noun", "workload") for term in self._terms)
        ):
            return []
        kinds = [kind for kind in slot.kinds if kind in said] or list(slot.kinds)
        self._taken |= {
            *everything,
            *(i for i, term in enumerate(self._terms) if term.concepts("kind") & set(kinds)),
        }
        return [
            Target(name, kind, namespace)
            for namespace in self._around.namespaces
            for kind in kinds
            for name in self._around.world.of_kind(kind, namespace)
        ]

    def _meant_before(self, slot: Slot) -> list[Target]:
        """It, them, or nothing at all: what was spoken of before."""
        pronouns = [
            index for index, term in enumerate(self._terms) if term.can_be("pronoun") and index not in self._taken
        ]
        strange = any(term.is_unknown for term in self._terms)
        if not pronouns and (strange or slot.optional):
            return []
        one = any(self._terms[index].can_be("pronoun", "one") for index in pronouns)
        if (one or (self._around.is_earlier and not pronouns)) and len(self._around.before) > 1:
            return []
        self._taken |= set(pronouns)
        if self._tool in _NAMED and not pronouns:
            return []
        return [each for target in self._around.before for each in self._as_wanted(target, slot)]

    def _as_wanted(self, target: Target, slot: Slot) -> list[Target]:
        """What was spoken of, as the slot takes it; of a pod, its workload, where that is what is taken."""
        fitting = [kind for kind in target.kinds if kind in slot.kinds]
        if fitting:
            return [replace(target, kind=fitting[0])]
        if not slot.kinds or not target.kind or (target.kind in slot.kinds and not target.kinds):
            return [target]
        is_pod = target.kind == "Pod" and not self._destroys()
        return self._workload_of(target, slot) if is_pod else []

    def _unlisted(self, slot: Slot) -> list[Target]:
        """A name of a kind, or in a namespace, whose objects could not be listed."""
        for index, term in enumerate(self._terms):
            if index in self._taken or not term.is_unknown or not _NAME.fullmatch(term.low):
                continue
            kinds = self._kind_beside(index)
            listed = any(self._around.world.knows(namespace) for namespace in self._around.namespaces)
            known = all(kind in self._around.world.names.get(self._around.namespaces[0], {}) for kind in kinds)
            wanted = self._around.world.names.get(self._around.namespaces[0], {}) if self._around.namespaces else {}
            sought = not slot.kinds or any(kind in wanted for kind in slot.kinds)
            if (listed and (known if kinds else sought)) or (slot.kinds and kinds and not kinds & set(slot.kinds)):
                continue
            self._take(index)
            kind = next(iter(sorted(kinds)), "") or (slot.kinds[0] if slot.kinds else "")
            return [Target(term.low, kind)]
        return []

    def _kind(self, slot: Slot) -> bool:
        if any(term.sort == "name" for term in self._terms):
            return False
        found: list[str] = []
        for index, term in enumerate(self._terms):
            if index in self._taken or term.sort != "word" or not (kinds := term.concepts("kind")):
                continue
            self._take(index)
            if not (kinds == {"Namespace"} and self._is_place(index)):
                found.append(_plural(min(kinds)))
        self._evidence += 2 if found else 0
        if found and slot.argument:
            self._arguments[slot.argument] = found[0]
            self._kinds = tuple(dict.fromkeys(found))
        return bool(found)

    def _is_place(self, index: int) -> bool:
        """`in this namespace`."""
        return any(term.can_be("preposition", "in") for term in self._terms[max(0, index - 2) : index])

    # values

    def _valued(self, slot: Slot, read: Callable[[Term], Value | str | int | None]) -> bool:
        for index in self._places(slot):
            value = _said(self._terms[index]) if slot.after and slot.sort == "word" else read(self._terms[index])
            if value is None or (slot.kinds and not self._is_of_kind(index, slot)):
                continue
            if self._is_by_how_much(self._terms[index], slot) or (isinstance(value, Value) and not value.more):
                continue
            self._take(index)
            self._evidence += 1
            if isinstance(value, Value):
                self._options = [{slot.argument: option} for option in value.more.split()]
            elif slot.argument:
                self._arguments[slot.argument] = self._typed(slot, value)
            return True
        return False

    def _is_of_kind(self, index: int, slot: Slot) -> bool:
        """Whether a word is said to be, or is, the name of an object of one of the slot's kinds."""
        said = {kind for term in self._terms if term.sort == "word" for kind in term.concepts("kind")}
        return bool((said & {"ConfigMap", "Secret"} or set(self._terms[index].kinds)) & set(slot.kinds))

    def _typed(self, slot: Slot, value: str | int) -> Any:
        schema = self._around.schemas[self._tool].get("properties", {}).get(slot.argument, {})
        is_list = any(each.get("type") == "array" for each in schema.get("anyOf", (schema,)))
        if is_list and str(value).startswith("["):
            return _listed(str(value))
        return shlex.split(str(value)) if is_list else value

    def _places(self, slot: Slot) -> Iterable[int]:
        """Where a slot's value may stand, the likeliest place first."""
        free = [index for index in range(len(self._terms)) if index not in self._taken]
        if slot.after:
            beside = [index for index in free if self._is_after(index, slot.after)]
            self._taken |= {
                at for index in beside[:1] for at in (index - 1, index + 1) if self._says(at, slot.after)
            }
            return beside
        wanted = [index for index in free if not slot.at or self._terms[index].preposition in slot.at]
        return sorted(wanted, key=lambda index: slot.at.index(self._terms[index].preposition) if slot.at else 0)

    def _is_after(self, index: int, noun: str) -> bool:
        return self._says(index - 1, noun) or (noun in ("lines", "container") and self._says(index + 1, noun))

    def _says(self, at: int, noun: str) -> bool:
        if not 0 <= at < len(self._terms):
            return False
        term = self._terms[at]
        return term.can_be("noun", noun) or (noun == "container" and term.low == "container")

    def _pairs(self, slot: Slot) -> bool:
        pairs: dict[str, str] = {}
        for index, term in enumerate(self._terms):
            if index in self._taken or term.value is None:
                continue
            if term.value.sort == "pair" and term.value.more:
                pairs[term.value.said] = term.value.more
                self._take(index)
            elif term.value.sort == "variable" and (following := self._value_of(index)) is not None:
                self._taken |= {index, following}
                pairs[term.value.said] = _plain(self._terms[following])
        if pairs:
            self._arguments[slot.argument] = pairs
            self._evidence += 2
        return bool(pairs)

    def _value_of(self, index: int) -> int | None:
        """Where the value of `LOG_LEVEL to debug` stands."""
        for at in range(index + 1, len(self._terms)):
            term = self._terms[at]
            grammar = term.can_be("blocker") or term.can_be("preposition")
            if term.preposition in ("to", "as", "with") and at not in self._taken and not grammar:
                return at if term.low not in _ARTICLES else None
        return None

    def _variables(self, slot: Slot) -> bool:
        found = [
            index for index, term in enumerate(self._terms)
            if index not in self._taken and term.value is not None and term.value.sort == "variable"
        ]  # fmt: skip
        self._taken |= set(found)
        if found:
            self._arguments[slot.argument] = [self._terms[index].text for index in found]
            self._evidence += 1
        return bool(found)

    def _ports(self) -> bool:
        """`8080:80`, the local one first; or a port, and a local one, each said to be that."""
        local: list[int] = []
        remote: list[int] = []
        for index, term in enumerate(self._terms):
            if index in self._taken or term.value is None:
                continue
            if term.value.sort == "ports":
                self._take(index)
                self._arguments |= {"port": int(term.value.said), "local_port": int(term.value.more)}
                return True
            if term.value.sort == "local" or isinstance(_port(term), int):
                self._take(index)
                is_local = term.value.sort == "local" or self._is_local(index)
                (local if is_local else remote).append(int(term.value.said))
        if not local and len(remote) == 2:
            local.append(remote.pop())
        if len(local) > 1 or len(remote) > 1:
            self._missing.append("port")
            return False
        self._arguments |= {
            **({"port": remote[0]} if remote else {}),
            **({"local_port": local[0]} if local else {}),
        }
        return bool(local or remote)

    def _is_local(self, index: int) -> bool:
        """`local port 8080`, `port 9090 on my machine`."""
        before, after = self._terms[max(0, index - 2) : index], self._terms[index + 1 : index + 3]
        ahead = any(term.can_be("noun", "local") for term in before) and not any(
            term.value is not None for term in before
        )
        behind = itertools.takewhile(lambda term: term.value is None and not term.can_be("noun", "port"), after)
        return ahead or (
            any(term.can_be("noun", "local") for term in behind) and self._terms[index].preposition != "to"
        )

    def _container(self, slot: Slot) -> bool:
        """The container, beside that very word."""
        for index, term in enumerate(self._terms):
            if term.value is not None and term.value.sort == "container":
                beside = [at for at in (index - 1, index + 1) if self._says(at, "container")]
                self._taken |= {index, *beside[:1]}
                self._arguments[slot.argument] = term.value.said
                return True
        return False

    def _selector(self, slot: Slot) -> bool:
        """`app=web,tier=front` behind the word label."""
        pairs = [
            index for index, term in enumerate(self._terms) if term.value is not None and term.value.sort == "pair"
        ]
        self._taken |= set(pairs)
        said = [value for index in pairs if (value := self._terms[index].value)]
        if said:
            self._arguments[slot.argument] = ",".join(f"{value.said}={value.more}" for value in said)
        return bool(said)

    def _login(self) -> bool:
        fields, registry = self._around.login.fields, self._around.registry
        self._arguments |= {**fields, **({"registry": registry} if registry else {})}
        needed = {"registry": registry, "user": fields.get("username")}
        self._missing += [name for name, value in needed.items() if not value]
        if self._around.login.is_inline:
            self._missing.append(
                "where the password is (from file FILE, or from standard input); it is not taken from a task"
            )
        self._evidence += 2
        return True

    def _access(self) -> bool:
        found = access.of_terms(self._terms, self._taken)
        if found is None:
            return False
        self._taken |= found.taken
        self._arguments |= {"verb": found.verb, "resource": found.resource}
        self._evidence += 2
        return True


def _listed(text: str) -> list[str]:
    """`["sleep", "10"]`, or the same without the quotes."""
    try:
        return [str(each) for each in json.loads(text)]
    except ValueError:
        return shlex.split(text.strip("[]").replace(",", " "))


def _plural(kind: str) -> str:
    from tools.cluster.resources import find

    known = find(kind)
    return known.plural if known is not None else f"{kind.casefold()}s"


def _plain(term: Term) -> str:
    if term.value is not None and term.value.sort in ("literal", "number"):
        return term.value.said
    return term.text


def _count(term: Term) -> int | None:
    value = term.value
    return int(value.said) if value is not None and value.sort == "number" and value.said.isdigit() else None


def _seconds(term: Term) -> int | None:
    value = term.value
    if value is None or value.sort not in ("duration", "number") or not value.said.isdigit():
        return None
    return int(value.said)


def _memory(term: Term) -> Value | str | None:
    value = term.value
    if value is None or value.sort not in ("memory", "milli", "unclear", "number"):
        return None
    if value.sort == "number":
        return Value("unclear", value.said, f"{value.said}Mi {value.said}M")
    return value.said if value.sort == "memory" else value


def _cpu(term: Term) -> Value | str | None:
    value = term.value
    if value is None or value.sort not in ("cpu", "milli", "number"):
        return None
    if value.sort == "number" and not value.said.isdigit():
        return _millicores(value.said)
    if value.sort != "milli" and value.said.isdigit() and int(value.said) > MANY_CORES:
        return Value("unclear", value.said, f"{value.said}m {value.said}")
    return value.said


def _millicores(cores: str) -> Value | str:
    """Parts of a core; what is no whole number of millicores is unclear."""
    thousandths = float(cores) * 1000
    return (
        f"{round(thousandths)}m"
        if thousandths >= 1 and thousandths == round(thousandths)
        else Value("unclear", cores)
    )


def _is(term: Term, sort: str) -> bool:
    return term.value is not None and term.value.sort == sort


def _port(term: Term) -> str | int | None:
    number = _count(term)
    if number is not None:
        return number if 1 <= number <= 65535 else None
    is_name = term.is_unknown and _NAME.fullmatch(term.text) and len(term.text) <= 15
    return term.text if is_name and term.preposition == "to" else None


def _image(term: Term) -> str | None:
    if term.value is not None and term.value.sort == "image":
        return term.value.said
    if term.value is not None and term.value.sort == "literal":
        return term.value.said if re.fullmatch(r"[^\s]+[/:][^\s]+", term.value.said) else None
    return None


def _path(term: Term) -> str | None:
    value = term.value
    return value.said if value is not None and value.sort in ("path", "literal") and value.said[:1] == "/" else None


def _text(term: Term) -> str | None:
    return term.value.said if term.value is not None and term.value.sort == "literal" else None


def _said(term: Term) -> str | None:
    """A word that stands where only a name can: whatever else it means."""
    named = _NAME.fullmatch(term.text.casefold()) and not term.can_be("preposition") and not term.can_be("blocker")
    return term.text.casefold() if named and (term.value is None or term.value.sort == "literal") else None


def _word(term: Term) -> str | None:
    said = term.value.said if term.value is not None and term.value.sort == "literal" else term.text.casefold()
    is_free = term.is_unknown or bool(term.spelt) or term.sort in ("name", "namespace", "literal")
    return said if is_free and _NAME.fullmatch(said) else None


_READERS: Mapping[str, Callable[[Term], Value | str | int | None]] = {
    "count": _count,
    "memory": _memory,
    "cpu": _cpu,
    "sized memory": lambda term: _memory(term) if _is(term, "memory") else None,
    "sized cpu": lambda term: _cpu(term) if _is(term, "cpu") else None,
    "port": _port,
    "image": _image,
    "path": _path,
    "text": _text,
    "schedule": lambda term: (
        term.value.said if term.value is not None and term.value.sort in ("schedule", "literal") else None
    ),
    "word": _word,
    "who": _word,
    "seconds": _seconds,
    "duration": lambda term: _seconds(term) if _is(term, "duration") else None,
}


def without(clause: Clause, names: Iterable[Term]) -> Clause:
    """A clause without some of its terms."""
    gone = set(map(id, names))
    return replace(clause, terms=tuple(term for term in clause.terms if id(term) not in gone))


def is_version(text: str) -> bool:
    """Whether a word is an image's tag alone: `v1.4`."""
    return _VERSION.fullmatch(text) is not None
