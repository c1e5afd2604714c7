"""A task's sentences and clauses: one wish, one question or one complaint each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.understanding.lexicon import Lexicon, Tag
from agent.understanding.terms import Term

Terms = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """Terms that belong together. `asks`: it stands in a question; `follows`: its sentence began before it."""

    terms: Terms
    asks: bool = False
    follows: bool = False
    is_heading: bool = False
    """It stands before a colon."""

    def text(self) -> str:
        """As it was said."""
        return " ".join(term.text for term in self.terms)

    def has(self, sort: str, concept: str | None = None) -> bool:
        """Whether one of its terms can be of this sort."""
        return any(term.can_be(sort, concept) for term in self.terms)


def clauses_of(terms: Sequence[Term], words: Lexicon) -> list[Clause]:
    """The clauses of a task, in order."""
    found: list[Clause] = []
    for sentence, asks in _sentences(terms):
        split = _with_split_verbs(sentence, words)
        headings = {
            id(split[at - 1]) for at, term in enumerate(split) if at and term.sort == "comma" and term.text == ":"
        }
        for index, piece in enumerate(_merged(_pieces(split))):
            found.append(Clause(piece, asks, index > 0, any(id(term) in headings for term in piece[-1:])))
    return _verbs_repeated(found)


def _sentences(terms: Iterable[Term]) -> list[tuple[Terms, bool]]:
    found: list[tuple[Terms, bool]] = []
    current: list[Term] = []
    for term in terms:
        if term.sort != "end":
            current.append(term)
        elif current:
            found.append((tuple(current), "?" in term.text))
            current = []
    return [*found, (tuple(current), False)] if current else found


def _pieces(sentence: Terms) -> list[Terms]:
    found: list[Terms] = []
    current: list[Term] = []
    for index, term in enumerate(sentence):
        if term.text == "-" and all(
            each.name for each in (*sentence[index - 1 : index], *sentence[index + 1 : index + 2])
        ):
            current.append(Term("-", "word"))  # from one to the other, which no tool takes
            continue
        if term.sort == "comma" and sentence[index + 1 : index + 2] and sentence[index + 1].low in _THAT:
            continue
        if term.sort == "comma" or (term.sort == "word" and term.can_be("and")):
            found.append(tuple(current))
            current = []
        elif current and _is_aside(sentence[index:]):
            found.append(tuple(current))
            current = [term]
        elif term.can_be("purpose") or (
            term.can_be("blocker", "exception") and _orders_behind(sentence[index + 1 :])
        ):
            found.append(tuple(current))
            current = [term] if term.can_be("purpose") else []
        else:
            current.append(term)
    return [piece for piece in (*found, tuple(current)) if piece]


def _is_aside(rest: Terms) -> bool:
    """`restart web its dying`: a complaint begins, without a comma."""
    return rest[0].low in ("its", "it's", "it") and any(
        term.can_be("complaint") and not term.can_be("verb") and not term.can_be("noun") for term in rest[1:3]
    )


def _orders_behind(rest: Terms) -> bool:
    """`but do not restart it`: what follows is a wish of its own, that something be not done."""
    first = next((term for term in rest if not term.can_be("filler")), None)
    return first is not None and first.can_be("blocker", "negation") and any(term.can_be("verb") for term in rest)


_THAT = frozenset(["dass", "that", "bis"])
"""What begins a clause that only says what the one before it is about."""


def _merged(pieces: list[Terms]) -> list[Terms]:
    """A list's parts are one piece again, and so is what says only where or whom."""
    found: list[Terms] = []
    held: Terms = ()
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        if found and not held and (_only_names(piece) or _goes_on(found[-1], piece)):
            found[-1] = (*found[-1], AND, *piece)
        elif not last and _only_names(piece):
            held = (*held, *piece, AND)
        else:
            found.append((*held, *piece))
            held = ()
    return found


AND = Term("and", "word", frozenset([Tag("and"), Tag("filler")]))
"""What stands between the parts of a list."""


def _goes_on(before: Terms, piece: Terms) -> bool:
    """`scale web | and cart to 2`, `set A=b | and C=d on web`: the value, or the rest of it, stands behind."""
    said = [term for term in piece if term.sort == "word"]
    if any((term.can_be("verb") and not term.can_be("noun")) or term.can_be("complaint") for term in said):
        return False
    if not any(term.can_be("verb") or term.can_be("noun") for term in before):
        return False
    values = [term.value for term in piece if term.value is not None]
    if not values:
        return False
    named = any(term.name for term in piece) and any(term.name for term in before)
    for sort in ("pair", "variable"):
        if named:
            break
        if all(value.sort == sort for value in values) and any(
            term.value is not None and term.value.sort == sort for term in before
        ):
            return True
    return not any(term.value is not None and term.value.sort != "container" for term in before) and not any(
        term.can_be("complaint") or term.can_be("blocker") for term in before if term.sort == "word"
    )


def _only_names(piece: Terms) -> bool:
    """Whether it only names things or places, so that it goes on with a list or says where."""
    named = any(term.sort in ("name", "namespace", "environment") or _is_kind(term) for term in piece)
    return named and all(_names_or_grammar(term) for term in piece)


def _names_or_grammar(term: Term) -> bool:
    if term.sort in ("name", "namespace", "environment") or (
        term.value is not None and term.value.sort == "container"
    ):
        return True
    return term.sort == "word" and (
        term.can_be("filler") or term.can_be("preposition") or term.can_be("namespace") or _is_kind(term)
    )


def _is_kind(term: Term) -> bool:
    return term.can_be("kind") or term.can_be("noun", "workload")


def _with_split_verbs(piece: Terms, words: Lexicon) -> Terms:
    """`shut web down`: the verb of two words becomes one, where it stands first."""
    texts = [term.low for term in piece]
    for first, second, concept in words.split_verbs:
        if first not in texts:
            continue
        start = texts.index(first)
        if piece[start].sort not in ("word", "name"):
            continue
        end = next(
            (at for at in range(start + 1, len(texts)) if texts[at].split()[:1] == [second] or texts[at] == second),
            -1,
        )
        if end > start and all(_may_stand_between(term) for term in piece[start + 1 : end]):
            verb = replace(piece[start], tags=frozenset([Tag("verb", concept)]), sort="word", name="", kinds=())
            filler = replace(piece[end], tags=frozenset([Tag("filler")]))
            return (*piece[:start], verb, *piece[start + 1 : end], filler, *piece[end + 1 :])
    return piece


def _may_stand_between(term: Term) -> bool:
    if term.can_be("blocker") and not term.can_be("leave"):
        return False
    return (
        term.sort == "comma"
        or term.can_be("and")
        or (
            term.sort in ("name", "namespace", "environment", "value")
            or any(
                term.can_be(sort)
                for sort in (
                    "filler",
                    "kind",
                    "pronoun",
                    "everything",
                    "noun",
                    "complaint",
                    "state",
                    "only",
                    "leave",
                )
            )
            or term.can_be("preposition")
        )
    )


def _verbs_repeated(clauses: list[Clause]) -> list[Clause]:
    """`scale web to 2 and app2 to 3`: what has a value and no verb repeats the verb before it."""
    found: list[Clause] = []
    for clause in clauses:
        found.append(_completed(clause, found[-1]) if found and clause.follows and _lacks_verb(clause) else clause)
    return found


def _completed(clause: Clause, before: Clause) -> Clause:
    """A clause with the verb of the one before it, and with its nouns where it has none of its own."""
    if not (_verb_of(before) or _lacks_verb(before)):
        return clause
    nouns = () if _nouns(clause.terms) else _nouns(before.terms)
    if not nouns and not _sides(clause.terms):
        nouns = _sides(before.terms)
    return replace(clause, terms=(*_verb_of(before), *nouns, *clause.terms))


def _lacks_verb(clause: Clause) -> bool:
    has_value = any(term.value is not None for term in clause.terms)
    return has_value and not clause.has("verb") and not clause.has("complaint") and not clause.has("blocker")


def _verb_of(clause: Clause) -> Terms:
    return tuple(term for term in clause.terms if term.can_be("verb") and term.sort == "word")[:1]


def _sides(terms: Terms) -> Terms:
    """Whether limits or requests are spoken of."""
    return tuple(term for term in terms if term.can_be("noun", "limit") or term.can_be("noun", "request"))


def _nouns(terms: Terms) -> Terms:
    return tuple(term for term in terms if term.can_be("noun") and term.sort == "word" and not term.can_be("verb")
                 and not term.can_be("kind"))  # fmt: skip
