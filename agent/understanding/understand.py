"""A task in plain words, understood to the end: `understand`. Pure.

Each clause has a role: an order, a look, a complaint, advice that is asked for, what is to be left alone, or
nothing that is understood. An order is carried out only if every word of it is accounted for, and if nothing
that stands beside it may change it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.understanding import (
    clouds,
    delivery,
    delivery_orders,
    how_to,
    kubectl,
    manifests,
    onboarding,
    provisioning,
    remit,
    scaffolds,
    validation,
)
from agent.understanding.clauses import Clause, Terms, clauses_of
from agent.understanding.lexicon import Lexicon, Tag, lexicon
from agent.understanding.login import Login, login_of, registry_of
from agent.understanding.matching import READS, Match, Surroundings, matches
from agent.understanding.moods import (
    TIMES,
    WHY,
    affirmed,
    begun,
    belongs_to_mending,
    denied_state,
    denies_state,
    is_blocked,
    is_courtesy,
    is_diagnosis,
    is_left_alone,
    is_question,
    is_verb_last,
    opens_with_verb,
    sounds_broken,
)
from agent.understanding.spoken import Spoken, Target, again
from agent.understanding.terms import Term, is_name, terms_of
from agent.understanding.wishes import Call, Diagnosis, Order, Understanding, Wish, misfit
from agent.understanding.world import World, is_pod_of
from tools.intents import INTENTS
from tools.json import Json

Schemas = Mapping[str, Json]

MAX_CALLS = 20
"""An order for more objects than that is asked about."""
READINGS_SHOWN = 3
MAX_CLAUSES = 40
LONGEST = 2000
"""Characters of a task that can be understood to its end; what is longer is no order, but something pasted."""


def understand(task: str, world: World, schemas: Schemas) -> Understanding:
    """What a task asks for, in a world of these names, of tools with these arguments (JSON schemas)."""
    if len(task) > LONGEST:
        spoken = tuple(name for name in world.namespaces if name in task)
        why = f"That is {len(task):,} characters, more than {LONGEST:,}: say in fewer what is to be done."
        return Understanding(unclear=why, namespaces=(world.namespace, *spoken))
    typed = kubectl.parsed(task, world, schemas)
    if typed is not None:
        return _of_commands(typed, world)
    made_anew = provisioning.ordered(task) or onboarding.ordered(task) or manifests.ordered(task, world.namespace)
    said_whole = scaffolds.ordered(task) or validation.ordered(task) or clouds.ordered(task, world)
    asked = delivery.asked(task, world) or delivery_orders.ordered(task, world) or how_to.asked(task, world)
    whole = made_anew or said_whole or asked
    if whole is not None:
        return whole
    login, rest = login_of(task)
    registry, rest = registry_of(rest) if "pull" in rest.casefold() and "secret" in rest.casefold() else ("", rest)
    reader = _Reader(rest, world, schemas, login, registry)
    reader.read()
    found = reader.in_conversation(reader.understanding())
    if reader.is_about_nodes():
        return Understanding(owner=remit.NODES, namespaces=found.namespaces, spoken=found.spoken)
    owner = remit.owner_of(task)
    if owner is not None:
        return Understanding(owner=owner, namespaces=found.namespaces, spoken=found.spoken)
    if found.unclear and (unclear := manifests.not_understood(task)):
        return Understanding(unclear=unclear, namespaces=found.namespaces, spoken=found.spoken)
    return found


def _of_commands(typed: kubectl.Commands, world: World) -> Understanding:
    if typed.is_atlas:
        return Understanding(owner=remit.NODES, namespaces=(world.namespace,))
    orders = tuple(
        Order((str(call.arguments.get("namespace") or world.namespace),), _named_in(call), frozenset([call.tool]))
        for call in typed.calls
    )
    spoken = tuple(dict.fromkeys(str(call.arguments.get("namespace") or world.namespace) for call in typed.calls))
    if typed.problem:
        return Understanding(unclear=typed.problem, namespaces=spoken or (world.namespace,))
    return Understanding(
        wishes=typed.calls,
        orders=orders,
        namespaces=spoken or (world.namespace,),
        spoken=_spoken_in(typed.calls, spoken, world),
    )


def _spoken_in(calls: Sequence[Call], namespaces: Sequence[str], world: World) -> Spoken | None:
    """What commands that were typed are about, if it is in one namespace."""
    if len(namespaces) != 1:
        return None
    names = dict.fromkeys(name for call in calls for name in _named_in(call))
    kinds = {name: world.kinds_of(name, namespaces) for name in names}
    targets = tuple(Target(name, next(iter(kinds[name]), ""), kinds=kinds[name]) for name in names)
    return Spoken(namespaces[0], targets, tuple(calls))


def _named_in(call: Call) -> tuple[str, ...]:
    given = (call.arguments.get(key) for key in ("name", "pod", "role", "service_account", "pull_secret"))
    return tuple(str(name) for name in given if name)


@dataclass(frozen=True)
class _Blocked:
    """Why nothing is done, and what may be meant."""

    why: str
    readings: tuple[Wish, ...] = ()


class _Reader:
    """Reads clause after clause; what was spoken of before, in it or in the task before it, is what `it` means."""

    def __init__(self, task: str, world: World, schemas: Schemas, login: Login, registry: str) -> None:
        self._world, self._schemas, self._login, self._registry = world, schemas, login, registry
        self._words: Lexicon = lexicon(task)
        self._clauses = clauses_of(terms_of(task, world), self._words)
        self._namespaces: tuple[str, ...] = (world.namespace,)
        self._before: tuple[Target, ...] = world.spoken.targets
        self._repeated: list[Wish] = []
        self._spoken: list[str] = []
        self._wishes: list[Wish] = []
        self._advice: list[Wish] = []
        self._orders: list[Order] = []
        self._blocked: list[_Blocked] = []
        self._excluded: list[str] = []
        self._forbidden: list[str] = []
        self._denied: list[tuple[str, str]] = []
        self._unknown: list[Clause] = []
        self._leaves_out = False
        self._everywhere = False
        self._asked_whether = False
        self._place_of_order = False
        self._vague: list[Clause] = []

    def read(self) -> None:
        """All clauses, in order."""
        if len(self._clauses) > MAX_CLAUSES:
            return self._blocked_by(
                _Blocked(f"That is {len(self._clauses)} wishes, more than {MAX_CLAUSES} at once.")
            )
        for index, clause in enumerate(self._clauses):
            self._clause(clause, self._clauses[index + 1 :])

    def is_about_nodes(self) -> bool:
        """Whether something is to be done to a node."""
        named = any(term.kinds == ("Node",) for clause in self._clauses for term in clause.terms)
        acts = any(_changes(wish) for wish in self._wishes) or any(
            clause.has("verb", verb) for clause in self._clauses for verb in _ANY_CHANGE
        )
        return (
            named
            and (acts or bool(self._unknown) or bool(self._blocked))
            and not any(isinstance(wish, Call) for wish in self._wishes)
        )

    # roles

    def _clause(self, clause: Clause, following: Sequence[Clause]) -> None:
        clause, self._leaves_out = self._without_exclusion(clause)
        terms = begun(clause.terms)
        if not terms or all(is_courtesy(term) for term in terms):
            if clause.asks and any(_changes(wish) for wish in self._wishes):
                self._vague.append(clause)  # `restart web. ok?`
            return
        if any(_changes(wish) for wish in self._wishes) and self._takes_back(terms):
            return self._block(f'Does "{clause.text()}" take back what stands before it?', clause)
        self._place(clause)
        request = any(term.can_be("request") for term in clause.terms[:4])
        if self._is_earlier() and any(map(_changes, self._world.spoken.wishes)) and self._takes_back(terms):
            why = f'Is "{clause.text()}" to take back what the task before did? `desk rollback COMMIT` does.'
            return self._block(why, clause)
        if self._repeats(clause):
            return
        if terms[0].can_be("purpose") and not is_blocked(clause):
            return
        if terms[0].can_be("instead"):
            self._forbidden.append(clause.text())
            self._remember(self._names(clause))
        elif self._is_condition(terms, clause, following):
            self._block(f'I do nothing later or on a condition: "{clause.text()}".', clause)
        elif clause.follows and terms[0].can_be("preposition", "to") and clause.has("verb"):
            self._unknown.append(clause)  # it goes on with what was not understood before it
        elif self._is_denial(clause):
            self._forbid(clause)
        elif terms[0].can_be("advice") and not request:
            self._asked_for_advice(replace(clause, terms=terms[1:]), terms[0])
        elif not (self._looks_only(clause, request) or self._ordered(clause, following, request)):
            self._complaint(clause, request)

    def _takes_back(self, terms: Terms) -> bool:
        """`restart web. stop.`, `undo that`: a verb without an object of its own, behind an order."""
        said = [term for term in terms if not is_courtesy(term) and not term.can_be("pronoun")]
        back = ("stop", "wait", "rollback", "undo", "suspend")
        return len(said) == 1 and any(said[0].can_be("verb", verb) for verb in back)

    def _looks_only(self, clause: Clause, request: bool) -> bool:
        """A look at something, which changes nothing."""
        if begun(clause.terms)[0].low in WHY or self._wants_mending(clause):
            return False
        best = self._best(clause, reads=True)
        if best is None or not self._is_sure_look(best, clause):
            return False
        self._remember(best.targets)
        self._wishes += self._calls(best)
        return True

    def _is_sure_look(self, best: Match, clause: Clause) -> bool:
        if not best.is_whole:
            return False
        if best.tool in ("get", "list", "describe", "top") and sounds_broken(clause):
            return best.tool == "top"
        return True

    def _ordered(self, clause: Clause, following: Sequence[Clause], request: bool) -> bool:
        asks = is_question(clause, self._words) and not request
        if self._wants_mending(clause):
            return self._mending(clause, asks)
        best = self._best(clause, reads=False)
        if best is None or (sounds_broken(clause) and not best.is_whole and not opens_with_verb(clause)):
            return False
        best = self._completed(best, following)
        if not best.is_whole and not (request or opens_with_verb(clause) or is_verb_last(clause, self._words)):
            return False
        if best.is_whole and asks:
            self._advice += self._calls(best)
            self._asked_whether = True
            self._remember(best.targets)
            return True
        if best.is_whole:
            return self._carry_out(best, clause)
        if asks and not is_blocked(clause):
            return False
        self._remember(best.targets)
        self._partly(best, clause)
        return True

    def _carry_out(self, best: Match, clause: Clause) -> bool:
        calls = self._calls(best)
        if best.argument and not calls:
            self._block(self._not_there(clause), clause)
            return True
        odd = [why for call in calls if (why := misfit(call, self._schemas[call.tool]))]
        if odd:
            self._block(f'"{clause.text()}": {odd[0]}.', clause)
            return True
        if self._differs_from_before(calls):
            self._blocked_by(
                _Blocked(f'"{clause.text()}" says otherwise than what stands before it.', tuple(calls))
            )
            return True
        if self._is_elsewhere(clause, best):
            places = " or ".join(dict.fromkeys((*self._namespaces, self._world.namespace)))
            self._blocked_by(_Blocked(f'In which namespace is "{clause.text()}" meant: {places}?', tuple(calls)))
            return True
        if len(calls) > MAX_CALLS:
            self._block(f"That is about {len(calls)} objects, more than {MAX_CALLS} at once: name them.", clause)
            return True
        self._remember(best.targets)
        self._wishes += self._joined(calls)
        names = tuple(name for call in calls for name in _named_in(call))
        self._orders.append(Order(self._namespaces, names, frozenset([best.tool])))
        return True

    def _differs_from_before(self, calls: Sequence[Call]) -> bool:
        """Two values for one thing, or what is stopped and made anew."""
        both = [*(wish for wish in self._wishes if isinstance(wish, Call)), *calls]
        for index, one in enumerate(both):
            for other in both[index + 1 :]:
                if _differ(one, other):
                    return True
        return False

    def _is_elsewhere(self, clause: Clause, best: Match) -> bool:
        """Whether a change would be made in a namespace that only a remark or a look spoke of."""
        if self._says_where(clause) or self._place_of_order or self._namespaces == (self._world.namespace,):
            self._place_of_order = self._place_of_order or self._says_where(clause)
            return False
        return bool(self._names(clause)) and any(not target.namespace for target in best.targets)

    @staticmethod
    def _says_where(clause: Clause) -> bool:
        return any(term.sort in ("namespace", "environment") or term.namespace for term in clause.terms)

    def _joined(self, calls: list[Call]) -> list[Call]:
        """What is set of one object, one thing after the other, is set at once."""
        last = self._wishes[-1] if self._wishes else None
        if len(calls) != 1 or not isinstance(last, Call) or last.tool != calls[0].tool or last.tool not in _JOINED:
            return calls
        one, other = last.arguments, calls[0].arguments
        same = all(one.get(key) == other.get(key) for key in ("namespace", "name", "kind", "container", "probe"))
        if same and all(one[key] == other[key] for key in one.keys() & other.keys()):
            self._wishes.pop()
            return [Call(last.tool, {**one, **other})]
        return calls

    def _partly(self, best: Match, clause: Clause) -> None:
        """An order of which not every word is understood."""
        readings = self._readings(best, clause)
        if not is_blocked(clause):
            self._order_loosely(clause)
        if best.options and not best.leftover:
            values = " or ".join(str(next(iter(option.values()))) for option in best.options)
            return self._blocked_by(_Blocked(f'Which is meant in "{clause.text()}": {values}?', readings))
        if all(term.can_be("pronoun") for term in best.leftover) and (readings := self._of_each(best)):
            names = " or ".join(str(target) for target in self._before)
            return self._blocked_by(_Blocked(f'Which one is meant in "{clause.text()}": {names}?', readings))
        unknown = [term for term in best.leftover if term.is_unknown or term.sort == "name"]
        strangers = [term.text for term in unknown if not term.name]
        if best.missing and strangers and best.argument in ("", *best.missing):
            return self._blocked_by(_Blocked(self._not_there(clause), readings))
        if best.leftover:
            said = ", ".join(f'"{term.text}"' for term in best.leftover)
            return self._blocked_by(_Blocked(f'Of "{clause.text()}" I do not understand {said}.', readings))
        needs = " and ".join(name.replace("_", " ") for name in best.missing)
        return self._blocked_by(_Blocked(f'"{clause.text()}" does not say {needs}.', readings))

    def _mending(self, clause: Clause, asks: bool) -> bool:
        names = self._names(clause)
        self._remember(names)
        if asks or clause.terms[0].can_be("advice"):
            self._diagnose(clause, mends=False)
            return True
        if is_blocked(clause) or self._strange(clause):
            strange = [term.text for term in self._strange(clause)] or [
                t.text for t in clause.terms if t.can_be("blocker")
            ]
            reading = self._diagnosis(clause, mends=True)
            said = ", ".join(f'"{text}"' for text in dict.fromkeys(strange))
            self._blocked_by(_Blocked(f'Of "{clause.text()}" I do not understand {said}.', tuple(reading)))
            meant = tuple(target.name for target in self._meant(clause, mends=True))
            if meant and not is_blocked(clause):
                self._orders.append(Order(self._namespaces, meant))
            return True
        self._diagnose(clause, mends=True)
        return True

    def _complaint(self, clause: Clause, request: bool) -> None:
        asks = is_question(clause, self._words)
        names = self._names(clause)
        orders = is_blocked(clause) and opens_with_verb(clause) and not is_diagnosis(clause)
        if not orders and (sounds_broken(clause) or (asks and clause.has("state")) or is_diagnosis(clause)):
            self._remember(names)
            if clause.is_heading or not self._speaks_of_something(clause):
                self._vague.append(clause)
            self._diagnose(clause, mends=False)
            return
        best = self._best(clause, reads=True)
        if best is not None and not best.missing and self._harmless(best):
            self._remember(best.targets)
            self._wishes += self._calls(best)
            return
        self._unknown.append(clause)
        if not is_blocked(clause):
            self._order_loosely(clause)
        self._remember(names)

    def _speaks_of_something(self, clause: Clause) -> bool:
        """Whether a complaint says of what: a name, or `it`; `that was wrong` may be said of the order."""
        spoken = any(term.can_be("pronoun") and term.low not in _THAT for term in clause.terms)
        named = any(
            term.name or term.sort in ("namespace", "environment") or term.can_be("kind") for term in clause.terms
        )
        return named or spoken or clause.has("everything")

    @staticmethod
    def _harmless(best: Match) -> bool:
        """A look of which some words are strange: they can only ask for less."""
        odd = [term for term in best.leftover if not term.is_unknown and not term.can_be("asking")]
        return not odd and len(best.leftover) <= 2 and best.evidence >= 4

    # what the clauses come to

    def understanding(self) -> Understanding:
        """All of it together."""
        spoken = tuple(dict.fromkeys(self._spoken)) or (self._world.namespace,)
        base = Understanding(namespaces=spoken, everywhere=self._everywhere, forbidden=tuple(self._forbidden))
        changes = [wish for wish in self._wishes if _changes(wish)]
        disturbing = [clause for clause in self._unknown if changes and self._disturbs(clause)]
        if self._blocked:
            return replace(
                base,
                unclear=" ".join(blocked.why for blocked in self._blocked),
                readings=_all_readings(self._blocked),
                orders=() if self._is_conditional() else tuple(self._with_exclusions()),
            )
        if changes and self._contradicts():
            return replace(
                base, unclear="Part of it says to do it, and part says not to.", readings=tuple(self._wishes)
            )
        if any(isinstance(wish, Call) for wish in changes):
            disturbing += self._vague
        if changes and self._forbids_more():
            disturbing += [clause for clause in self._clauses if clause.text() in self._forbidden]
        if changes and (disturbing or self._asked_whether or self._ends_asking()):
            said = ", ".join(f'"{clause.text()}"' for clause in disturbing) or "whether to"
            why = f"I do not understand {said}." if disturbing else "Part of it asks whether to, and part says to."
            return replace(base, unclear=why, readings=tuple(self._wishes))
        if not self._wishes and not self._advice and self._unknown:
            said = " ".join(clause.text() for clause in self._unknown)
            orders = tuple(self._orders)
            return replace(base, unclear=f'I do not understand "{said}".', readings=self._nearest(), orders=orders)
        return replace(
            base, wishes=self._merged(), advice=tuple(self._advice), orders=tuple(self._with_exclusions())
        )

    def _forbids_more(self) -> bool:
        """A ban beside a wish to have something mended: what mends it might be what is banned."""
        return bool(self._forbidden) and any(isinstance(wish, Diagnosis) and wish.mends for wish in self._wishes)

    def _ends_asking(self) -> bool:
        """`restart web. logs of cart?`: the question mark may be meant for all of it."""
        last = self._clauses[-1]
        first = begun(last.terms)[0] if begun(last.terms) else None
        if first is None or not last.asks:
            return False
        return not (first.can_be("question") or last.has("request") or last.has("complaint") or last.has("state"))

    def _is_conditional(self) -> bool:
        return any(blocked.why.startswith("I do nothing later") for blocked in self._blocked)

    @staticmethod
    def _disturbs(clause: Clause) -> bool:
        """Whether what is not understood may change an order beside it: all but a plain reason may."""
        if any(term.value is not None and term.value.sort in TIMES for term in clause.terms):
            return True
        harmless = ("past", "reason", "degree", "negation", "report")
        return not clause.terms[0].can_be("blocker", "reason") or any(
            term.can_be("blocker")
            and term.sort == "word"
            and not any(term.can_be("blocker", each) for each in harmless)
            for term in clause.terms
        )

    def _with_exclusions(self) -> list[Order]:
        return [replace(order, excluded=tuple(self._excluded)) for order in self._orders]

    def _merged(self) -> tuple[Wish, ...]:
        """Diagnoses of the same are one: what is wrong, and the wish to have it mended, may stand apart."""
        found: list[Wish] = []
        for wish in self._wishes:
            if isinstance(wish, Diagnosis):
                self._merge(found, replace(wish, excluded=tuple(dict.fromkeys(self._excluded))))
                continue
            if isinstance(wish, Call) and _named_in(wish) and set(_named_in(wish)) <= set(self._excluded):
                continue
            if not found or found[-1] != wish:
                found.append(wish)
        changes = any(isinstance(wish, Call) and _changes(wish) for wish in found)
        return tuple(wish for wish in found if not (changes and isinstance(wish, Diagnosis) and not wish.mends))

    @staticmethod
    def _merge(found: list[Wish], wish: Diagnosis) -> None:
        same = next((each for each in found if isinstance(each, Diagnosis) and _covers(wish, each)), None)
        if same is None:
            found.append(wish)
        else:
            found[found.index(same)] = _joined_diagnosis(same, wish)

    def _nearest(self) -> tuple[Wish, ...]:
        """What comes nearest to words that fit nothing."""
        scores: list[tuple[int, str]] = []
        for tool, intent in INTENTS.items():
            if tool not in self._schemas:
                continue
            said = max(self._likeness(way.verbs, way.nouns) for way in intent.ways)
            scores.append((said, tool))
        best = sorted((pair for pair in scores if pair[0]), reverse=True)[:READINGS_SHOWN]
        namespace = self._namespaces[0] if self._namespaces else self._world.namespace
        target = next(iter(self._before), None)
        arguments: Json = {"namespace": namespace}
        if target is not None:
            arguments |= {"name": target.name, **({"kind": target.kind} if target.kind else {})}
        return tuple(Call(tool, _fitting(arguments, self._schemas[tool])) for _, tool in best)

    def _likeness(self, verbs: str, nouns: str) -> int:
        terms = [term for clause in self._clauses for term in clause.terms]
        verb = any(term.can_be("verb", each) for each in verbs.split() for term in terms if each != "show")
        return 2 * verb + sum(any(term.can_be("noun", noun) for term in terms) for noun in nouns.split())

    # parts

    def _best(self, clause: Clause, *, reads: bool) -> Match | None:
        found = matches(clause, self._around(), reads=reads)
        return found[0] if found else None

    def _around(self) -> Surroundings:
        return Surroundings(
            self._world,
            self._namespaces,
            self._before,
            self._is_earlier(),
            self._schemas,
            self._leaves_out,
            self._login,
            self._registry,
        )

    def _place(self, clause: Clause) -> None:
        """The namespaces that a clause is about: those it says, else those said before."""
        said: list[str] = []
        for index, term in enumerate(clause.terms):
            if (
                (term.sort == "namespace" and not self._is_value(clause.terms, index))
                or term.sort == "environment"
                or (term.sort == "name" and term.namespace)
            ):
                said.append(term.namespace)
            elif term.is_unknown and self._is_namespace(clause.terms, index):
                self._place_unknown(term, clause, said)
        if "" in said:
            known = ", ".join(self._world.namespaces[:20]) or "none that I may list"
            self._block(f'I do not know which namespace "{clause.text()}" means. Name one of: {known}.', clause)
        said = [name for name in said if name]
        self._everywhere = self._everywhere or clause.has("everywhere")
        if said:
            self._namespaces = tuple(dict.fromkeys(said))
            self._spoken += said

    def _place_unknown(self, term: Term, clause: Clause, said: list[str]) -> None:
        """A namespace that is not there; or is, where they may not be listed."""
        if not self._world.namespaces:
            said.append(term.text.casefold())
            return
        near = self._world.near_namespace(term.text.casefold())
        hint = f" Did you mean {near}?" if near else ""
        self._block(f"There is no namespace {term.text}.{hint}", clause)

    @staticmethod
    def _is_namespace(terms: Terms, index: int) -> bool:
        """A word behind `namespace`, or one with a hyphen behind `in`, be there one of its name or not."""
        before = terms[index - 1] if index else None
        if before is None or not is_name(terms[index].text):
            return False
        return before.can_be("namespace") or (before.can_be("preposition", "in") and "-" in terms[index].text)

    @staticmethod
    def _is_value(terms: Terms, index: int) -> bool:
        """A namespace's name that is another object's here: `link regcred to default`, `restart op-app`."""
        term = terms[index]
        if term.preposition in ("in", "on") or any(
            each.can_be("namespace") for each in (*terms[max(0, index - 1) : index], *terms[index + 1 : index + 2])
        ):
            return False
        return bool(term.kinds) or (term.preposition == "to" and any(each.can_be("verb", "link") for each in terms))

    def _names(self, clause: Clause) -> tuple[Target, ...]:
        if not any(self._world.knows(namespace) for namespace in self._namespaces):
            strangers = [term for term in clause.terms if term.is_unknown and is_name(term.text)]
            if len(strangers) == 1:
                return (Target(strangers[0].text.casefold()),)
        return tuple(
            self._target(clause.terms, index)
            for index, term in enumerate(clause.terms)
            if (term.sort == "name" and not self._is_verb_here(clause, index))
            or (term.sort == "namespace" and term.kinds and self._is_value(clause.terms, index))
        )

    @staticmethod
    def _target(terms: Terms, index: int) -> Target:
        term = terms[index]
        beside = {
            kind for at in (index - 1, index + 1) if 0 <= at < len(terms) for kind in terms[at].concepts("kind")
        }
        kinds = tuple(kind for kind in term.kinds if kind in beside) or term.kinds
        place = term.namespace if term.sort == "name" else ""
        return Target(term.name, kinds[0] if kinds else "", place, kinds)

    @staticmethod
    def _is_verb_here(clause: Clause, index: int) -> bool:
        """`report what is wrong with web`, where there is a CronJob report."""
        term = clause.terms[index]
        others = any(each.sort == "name" for each in clause.terms[index + 1 :])
        return index == 0 and others and (term.can_be("verb") or term.can_be("noun"))

    def _meant(self, clause: Clause, *, mends: bool = False) -> tuple[Target, ...]:
        """What a clause names, else what was named before it, if it speaks of that.

        What the task before it named only where a word means it; an order of nothing else needs no such word.
        """
        names = self._names(clause)
        if names or clause.has("everything"):
            return names
        refers = _refers(clause) or (mends and not self._says_where(clause))
        if self._is_earlier() and (not refers or self._is_ambiguous(clause)):
            return ()
        return self._before

    def _is_earlier(self) -> bool:
        """Whether what was spoken of before is the task before this one's."""
        return bool(self._before) and self._before is self._world.spoken.targets

    def _is_ambiguous(self, clause: Clause) -> bool:
        """Whether `it` may be one of several."""
        return len(self._before) > 1 and not clause.has("pronoun", "many")

    def _of_each(self, best: Match) -> tuple[Wish, ...]:
        """An order of one of several that the task before spoke of: of each that it could be done to."""
        slot = next((slot for slot in best.way.slots if slot.sort == "object"), None)
        if slot is None or best.missing != (slot.argument,) or len(self._before) < 2 or not self._is_earlier():
            return ()
        return tuple(
            call
            for target in self._before
            if not slot.kinds or target.kind in slot.kinds
            for call in self._calls(replace(best, targets=(target,), argument=slot.argument))
        )

    def _remember(self, targets: Iterable[Target]) -> None:
        found = tuple(targets)
        if found:
            self._before = found

    def _calls(self, match: Match) -> list[Call]:
        """The calls of a match: for each of its objects, in each of the namespaces."""
        schema = self._schemas[match.tool].get("properties", {})
        if not match.argument:
            return [
                Call(
                    match.tool, {**self._in_namespace(match, schema, namespace), **({"kind": kind} if kind else {})}
                )
                for kind in match.kinds or ("",)
                for namespace in self._places(match)
            ]
        calls: dict[tuple[str, str, str], Call] = {}
        for namespace in self._namespaces:
            for target in match.targets:
                there = target.namespace or namespace
                arguments = {**match.arguments, match.argument: target.name}
                if "kind" in schema and target.kind and schema["kind"].get("default") != target.kind:
                    arguments.setdefault("kind", target.kind)
                if target.name not in self._excluded:
                    call = Call(match.tool, {**arguments, "namespace": there})
                    calls.setdefault((there, target.kind, target.name), call)
        return list(calls.values())

    def _places(self, match: Match) -> tuple[str | None, ...]:
        if match.tool == "list" and self._everywhere:
            return (None,)
        if match.tool == "list" and match.arguments.get("kind") in _CLUSTER_SCOPED:
            return (None,)
        return self._namespaces

    @staticmethod
    def _in_namespace(match: Match, schema: Json, namespace: str | None) -> Json:
        return {**match.arguments, **({"namespace": namespace} if "namespace" in schema and namespace else {})}

    def _completed(self, best: Match, following: Sequence[Clause]) -> Match:
        """`restart and scale web to 3`: the object stands in the clause behind."""
        objects = {slot.argument for slot in best.way.slots if slot.sort == "object"}
        if not set(best.missing) or not set(best.missing) <= objects or best.leftover or not following:
            return best
        targets = self._names(following[0])
        if not following[0].follows or not targets or not following[0].has("verb"):
            return best
        kinds = next(slot.kinds for slot in best.way.slots if slot.argument in best.missing)
        fitting = tuple(target for target in targets if not kinds or target.kind in kinds)
        return replace(best, targets=fitting, missing=(), argument=best.missing[0]) if fitting else best

    def _readings(self, match: Match, clause: Clause) -> tuple[Wish, ...]:
        """What an order may mean that is not wholly understood."""
        if alternatives := self._alternatives(clause):
            return alternatives
        if match.missing and not match.options:
            return ()
        if match.options:
            chosen = [replace(match, arguments={**match.arguments, **option}) for option in match.options]
            return tuple(call for each in chosen for call in self._calls(each))
        return tuple(self._calls(match))

    def _alternatives(self, clause: Clause) -> tuple[Wish, ...]:
        """`scale web to 3 or 4`: both."""
        terms = clause.terms
        at = next((index for index, term in enumerate(terms) if term.can_be("blocker", "alternative")), 0)
        if not 0 < at < len(terms) - 1:
            return ()
        found: list[Wish] = []
        second = replace(terms[at + 1], preposition=terms[at - 1].preposition)
        for kept in ((*terms[:at], *terms[at + 2 :]), (*terms[: at - 1], second, *terms[at + 2 :])):
            best = self._best(replace(clause, terms=kept), reads=False)
            if best is not None and best.is_whole:
                found += self._calls(best)
        return tuple(found)

    def _diagnosis(self, clause: Clause, *, mends: bool) -> list[Diagnosis]:
        meant = self._meant(clause, mends=mends)
        names = tuple(dict.fromkeys(target.name for target in meant))
        there = tuple(dict.fromkeys(target.namespace for target in meant if target.namespace))
        return [Diagnosis(namespace, names, mends) for namespace in there or self._namespaces]

    def _diagnose(self, clause: Clause, *, mends: bool) -> None:
        if mends and self._unknown_object(clause):
            self._block(self._not_there(clause), clause)
            return
        if mends and self._says_nothing_of(clause):
            why = f'What is meant in "{clause.text()}"? Name it, or say everything.'
            return self._blocked_by(_Blocked(why, self._of_before()))
        found = self._diagnosis(clause, mends=mends)
        self._wishes += found
        if mends:
            self._orders.append(
                Order(self._namespaces, tuple(dict.fromkeys(n for each in found for n in each.names)))
            )

    def _says_nothing_of(self, clause: Clause) -> bool:
        """`fix it`, of which nothing was said; or of two things."""
        names, pronoun = self._names(clause), clause.has("pronoun", "one")
        somewhere = clause.has("everything") or any(
            term.sort in ("namespace", "environment") for term in clause.terms
        )
        if self._is_earlier() and not (names or somewhere):
            return self._is_ambiguous(clause)
        if self._world.spoken.everything and clause.has("pronoun", "many"):
            return False
        spoken = bool(self._before) or bool(self._wishes)
        if pronoun and not names and not spoken and not sounds_broken(clause):
            return True
        return not (names or somewhere or spoken or sounds_broken(clause))

    def _of_before(self) -> tuple[Wish, ...]:
        """What may be meant to be mended of what the task before spoke of."""
        place = self._world.spoken.namespace
        if self._world.spoken.everything:
            return (Diagnosis(place, (), mends=True),)
        return tuple(Diagnosis(place, (target.name,), mends=True) for target in self._world.spoken.targets)

    def _unknown_object(self, clause: Clause) -> str:
        return next((term.text for term in clause.terms if term.is_unknown and not self._names(clause)), "")

    def _asked_for_advice(self, clause: Clause, advice: Term) -> None:
        clause = replace(clause, terms=tuple(term for term in clause.terms if term.low not in _SPEAKERS))
        how = advice.low.split()[0] in _HOW and advice.low != "wie"
        look = self._best(clause, reads=True)
        change = self._best(clause, reads=False)
        if look is not None and look.is_whole and not (change is not None and change.is_whole):
            target = self._advice if how else self._wishes
            target += self._calls(look)
            return
        if change is not None and not change.leftover:
            self._remember(change.targets)
            calls = self._calls(change) or [
                Call(change.tool, self._in_namespace(change, {"namespace": 1}, self._namespaces[0]))
            ]
            self._advice += calls
            return
        if self._wants_mending(clause) or sounds_broken(clause) or clause.has("state"):
            self._remember(self._names(clause))
            self._diagnose(clause, mends=False)
            return
        self._unknown.append(clause)

    # what goes on from the task before

    def _repeats(self, clause: Clause) -> bool:
        """`the same for api`, `and api?`: what the task before asked for, of another object, or elsewhere."""
        same, earlier = clause.has("repeat"), self._world.spoken.wishes
        names = self._names(clause)
        if same and not names and not self._says_where(clause):
            self._block(self._not_there(clause), clause)
            return True
        if not earlier or not (same or _asks_after(clause)) or any(not _belongs_to_repeat(t) for t in clause.terms):
            return False
        wishes = [
            again(wish, target, target.namespace if target is not None and target.namespace else namespace,
                  self._schemas.get(wish.tool, {}) if isinstance(wish, Call) else {})
            for namespace in self._namespaces for target in names or (None,) for wish in earlier
        ]  # fmt: skip
        repeated = [wish for wish in wishes if wish is not None]
        of_several = names and len({name for wish in earlier for name in _names_of(wish)}) > 1
        if of_several or len(repeated) < len(wishes):
            self._block(f'What is the same in "{clause.text()}"? The task before was not about one object.', clause)
        elif not same and any(map(_changes, repeated)):
            self._blocked_by(_Blocked(f'What is to be done in "{clause.text()}"?', tuple(repeated)))
        else:
            self._repeat(repeated, clause)
        self._remember(names)
        return True

    def _repeat(self, repeated: Sequence[Wish], clause: Clause) -> None:
        odd = [
            why
            for wish in repeated
            if isinstance(wish, Call) and (why := misfit(wish, self._schemas.get(wish.tool, {})))
        ]
        if odd or len(repeated) > MAX_CALLS:
            return self._block(f'"{clause.text()}": {odd[0] if odd else f"more than {MAX_CALLS} at once"}.', clause)
        self._wishes += repeated
        self._repeated += repeated
        for wish in repeated:
            tools = frozenset([wish.tool]) if isinstance(wish, Call) else frozenset[str]()
            if _changes(wish):
                self._orders.append(Order(self._namespaces, _names_of(wish), tools))
        return None

    def in_conversation(self, found: Understanding) -> Understanding:
        """With what was taken from the task before, and what the next one may take from this one."""
        said = tuple(dict.fromkeys(target for clause in self._clauses for target in self._names(clause)))
        names = {name for wish in found.wishes for name in _names_of(wish)} - {target.name for target in said}
        recalled = tuple(
            target
            for target in self._world.spoken.targets
            if target.name in names or any(is_pod_of(target.name, name) for name in names)
        )
        objects = [f"{target} in {self._namespaces[0]}" for target in recalled if not self._repeated]
        return replace(
            found,
            taken=(*objects, *(wish.words for wish in self._repeated)),
            spoken=self._spoken_now(found, said or recalled),
        )

    def _spoken_now(self, found: Understanding, targets: tuple[Target, ...]) -> Spoken | None:
        """None where it is not clear what `it` would mean: said of two namespaces, or of what is not known."""
        place, earlier = found.namespaces[0], self._world.spoken
        if len(found.namespaces) > 1 or found.everywhere:
            return None
        here = tuple(dict.fromkeys(replace(target, namespace="") for target in targets))
        if here:
            return Spoken(place, here, found.wishes)
        if any(term.is_unknown and is_name(term.text) for clause in self._clauses for term in clause.terms):
            return Spoken(place)
        if any(isinstance(wish, Diagnosis) for wish in found.wishes):
            return Spoken(place, (), found.wishes, everything=True)
        same_place = place == earlier.namespace
        return replace(earlier, wishes=found.wishes) if same_place else Spoken(place, (), found.wishes)

    # what a clause is

    def _without_exclusion(self, clause: Clause) -> tuple[Clause, bool]:
        """Takes out what is to be left alone: `everything except checkout`, `leave slowpoke alone`."""
        for index, term in enumerate(clause.terms):
            if not term.can_be("leave") or term.sort != "word":
                continue
            rest = clause.terms[index + 1 :]
            end = next((at for at, each in enumerate(rest) if not is_left_alone(each)), len(rest))
            names = [each for each in rest[:end] if each.sort == "name"]
            if not names and not index and any(each.can_be("left") and each.low in _REST for each in rest):
                return replace(clause, terms=()), False
            if names:
                self._excluded += [name.name for name in names]
                all_but = (replace(term, tags=frozenset([Tag("everything")])),) if "all" in term.low else ()
                return replace(clause, terms=(*clause.terms[:index], *all_but, *rest[end:])), True
        left = [term for term in clause.terms if term.can_be("left")]
        if left and clause.follows and all(is_left_alone(term) for term in clause.terms):
            self._excluded += [term.name for term in clause.terms if term.sort == "name"]
            return replace(clause, terms=()), False
        return clause, False

    def _is_denial(self, clause: Clause) -> bool:
        """`do not restart web`: an order of nothing, that is understood without its `not`."""
        negations = [term for term in clause.terms if term.can_be("blocker", "negation") and term.sort == "word"]
        if len(negations) != 1 or self._sounds_broken_without_verb(clause):
            return False
        at = next(index for index, term in enumerate(clause.terms) if term is negations[0])
        if at > 1 and denies_state(clause.terms, at):
            return False
        positive = affirmed(clause)
        if not positive.terms or not positive.has("verb"):
            return False
        if self._wants_mending(positive) or any(
            term.can_be("verb", each) for term in positive.terms for each in _ANY_CHANGE
        ):
            best = self._best(positive, reads=False)
            known = best is not None and not best.leftover
            return known or (self._wants_mending(positive) and not self._strange(positive))
        return False

    def _forbid(self, clause: Clause) -> None:
        self._forbidden.append(clause.text())
        best = self._best(affirmed(clause), reads=False)
        names = {target.name for target in (best.targets if best is not None else self._meant(clause))}
        self._denied += [(best.tool if best is not None and best.is_whole else "", name) for name in names]

    def _contradicts(self) -> bool:
        """Whether what is ordered is forbidden in the same breath."""
        ordered = {(wish.tool, name) for wish in self._wishes if isinstance(wish, Call) for name in _named_in(wish)}
        mended = {
            ("", name) for wish in self._wishes if isinstance(wish, Diagnosis) and wish.mends for name in wish.names
        }
        return bool((ordered | mended) & set(self._denied))

    def _sounds_broken_without_verb(self, clause: Clause) -> bool:
        return denied_state(clause) and not opens_with_verb(
            replace(clause, terms=tuple(term for term in clause.terms if not term.can_be("blocker", "negation")))
        )

    def _is_condition(self, terms: Terms, clause: Clause, following: Sequence[Clause]) -> bool:
        first = terms[0]
        if first.sort != "word" or (first.can_be("question") and clause.asks) or first.can_be("blocker", "reason"):
            return False
        beside = tuple(itertools.takewhile(lambda each: each.follows, following))
        if first.low in _WHETHER and not clause.asks and any(opens_with_verb(each) for each in beside):
            return True
        if first.can_be("question") and not any(opens_with_verb(each) for each in beside):
            return False
        if first.can_be("blocker", "past") and sounds_broken(clause):
            return any(opens_with_verb(each) for each in beside)
        return first.can_be("blocker", "condition") or first.can_be("blocker", "past")

    def _wants_mending(self, clause: Clause) -> bool:
        terms = begun(clause.terms)
        at = next((i for i, term in enumerate(terms) if term.can_be("verb", "mend") and term.sort == "word"), -1)
        if at < 0 or terms[0].low in WHY or (at and terms[at - 1].low in _ARTICLES | _WHETHER):
            return False
        whole = self._best(clause, reads=False)
        return whole is None or not whole.is_whole or whole.evidence < 4

    def _strange(self, clause: Clause) -> list[Term]:
        """The terms of a wish to have something mended that say something else, too."""
        named = {target.name for target in self._names(clause)}
        return [
            term
            for index, term in enumerate(clause.terms)
            if not (belongs_to_mending(term) or term.low in named or denies_state(clause.terms, index))
        ]

    # what is said back

    def _block(self, why: str, clause: Clause) -> None:
        self._blocked_by(_Blocked(why))

    def _blocked_by(self, blocked: _Blocked) -> None:
        self._blocked.append(blocked)

    def _order_loosely(self, clause: Clause) -> None:
        """For the gate: words that a model may understand better order something of an object all the same.

        Only where the clause is said as an order, of what it names before the first word that is not understood.
        """
        if not opens_with_verb(clause) or is_question(clause, self._words) or clause.has("instead"):
            return
        terms = begun(clause.terms)
        if any(terms[0].can_be("verb", verb) for verb in ("show", "look", "describe", "diagnose")):
            return
        if clause.has("leave") or any(term.text.startswith("-") for term in terms):
            return
        known = tuple(itertools.takewhile(lambda term: not (term.is_unknown or _tells_more(term)), terms))
        tools = frozenset(
            tool
            for tool, intent in INTENTS.items()
            if tool not in READS and any(terms[0].concepts("verb") & set(way.verbs.split()) for way in intent.ways)
        )
        before = () if self._is_earlier() and self._is_ambiguous(clause) else self._before
        said = self._names(replace(clause, terms=known)) or (before if _has_pronoun(known) else ())
        names = tuple(target.name for target in said)
        if tools and names:
            self._orders.append(Order(self._namespaces, names, tools))

    def _not_there(self, clause: Clause) -> str:
        words = [term.text for term in clause.terms if term.is_unknown]
        where = " and ".join(self._namespaces)
        if not words:
            return f'"{clause.text()}" names nothing that is in {where}.'
        near = [name for word in words for name in self._world.near(word.casefold(), self._namespaces)]
        hint = f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
        return f"There is no {' or '.join(words)} in {where}.{hint}"


_ARTICLES = frozenset(
    [
        "the",
        "a",
        "an",
        "last",
        "your",
        "my",
        "our",
        "this",
        "that",
        "any",
        "for",
        "der",
        "die",
        "das",
        "ein",
        "eine",
    ]
)
"""What makes a noun of `fix`."""
_HOW = (
    "how",
    "what",
    "which",
    "explain",
    "show",
    "tell",
    "please",
    "any",
    "is",
    "do",
    "wie",
    "mit",
    "can",
    "could",
    "i",
    "welcher",
    "was",
)
_REST = ("other", "others", "rest", "else", "everything else", "the rest", "the others")
_WHETHER = frozenset(
    ["is", "are", "was", "were", "does", "do", "did", "has", "have", "ist", "sind", "war", "hat", "läuft", "geht"]
)
"""What a question after a state begins with; without its mark, and before an order, it is a condition."""
_SPEAKERS = frozenset(["i", "we", "one", "ich", "wir", "man"])
_THAT = frozenset(["that", "this", "that's", "das", "dies"])
_JOINS = _THAT | frozenset(["these", "those", "den", "diese", "diesen", "dieses", "sein"])
"""Pronouns that are articles, or join a clause to a noun, as well."""
_AFTER = frozenset(["what about", "how about", "was ist mit", "wie steht es mit", "und was ist mit"])
_JOINED = ("set_resources", "set_command", "set_probe", "set_env")
"""What can set several things of an object at once."""
_ANY_CHANGE = (
    "restart",
    "scale",
    "set",
    "raise",
    "lower",
    "stop",
    "rollback",
    "resume",
    "suspend",
    "delete",
    "create",
    "add",
    "unset",
    "point",
    "link",
    "allow",
    "mend",
    "undo",
)
_CLUSTER_SCOPED = ("nodes", "namespaces", "persistentvolumes", "storageclasses")


def _refers(clause: Clause) -> bool:
    """Whether one of its words can only mean what was spoken of before: `it`, and not `that`, which joins, too."""
    return any(term.can_be("pronoun") and term.low not in _JOINS for term in clause.terms)


def _has_pronoun(terms: Terms) -> bool:
    return any(term.can_be("pronoun") for term in terms)


def _tells_more(term: Term) -> bool:
    """Whether what follows may not be what the verb is done to: `stop restarting web`, `kill one of web`."""
    return (term.can_be("complaint") and not term.can_be("noun")) or (
        term.value is not None and term.value.sort == "number" and term.preposition not in ("to", "at")
    )


def _asks_after(clause: Clause) -> bool:
    """`what about api?`, `and api?`: nothing is said but of what."""
    return clause.asks and any(term.sort in ("name", "namespace", "environment") for term in clause.terms)


def _belongs_to_repeat(term: Term) -> bool:
    """Whether a word may stand in `please do the same for api in shop-dev`."""
    if term.sort in ("name", "namespace", "environment"):
        return True
    sorts = ("repeat", "filler", "preposition", "request", "namespace", "and", "light", "kind", "courtesy")
    return term.sort == "word" and (term.low in _AFTER or any(term.can_be(sort) for sort in sorts))


def _names_of(wish: Wish) -> tuple[str, ...]:
    return _named_in(wish) if isinstance(wish, Call) else wish.names


def _differ(one: Call, other: Call) -> bool:
    """Whether two calls want different things of one object."""
    where = ("namespace", "name", "kind", "container", "probe")
    if not _named_in(one) or any(one.arguments.get(key) != other.arguments.get(key) for key in where):
        return False
    if {one.tool, other.tool} == {"scale", "restart"}:
        return 0 in (one.arguments.get("replicas"), other.arguments.get("replicas"))
    shared = (one.arguments.keys() & other.arguments.keys()) - set(where)
    return (
        one.tool == other.tool
        and one.tool not in READS
        and any(one.arguments[key] != other.arguments[key] for key in shared)
    )


def _changes(wish: Wish) -> bool:
    return wish.mends if isinstance(wish, Diagnosis) else wish.tool not in READS


def _covers(one: Diagnosis, other: Diagnosis) -> bool:
    same = not one.names or not other.names or set(one.names) & set(other.names) == set(one.names)
    return one.namespace == other.namespace and bool(same)


def _joined_diagnosis(one: Diagnosis, other: Diagnosis) -> Diagnosis:
    return replace(one, names=one.names or other.names, mends=one.mends or other.mends, excluded=other.excluded)


def _all_readings(blocked: Iterable[_Blocked]) -> tuple[Wish, ...]:
    found: list[Wish] = []
    for each in blocked:
        found += [reading for reading in each.readings if reading not in found]
    return tuple(found)


def _fitting(arguments: Json, schema: Json) -> Json:
    return {name: value for name, value in arguments.items() if name in schema.get("properties", {})}
