"""What a clause is: a question, a complaint, an order; and what in it forbids, delays or doubts. Pure."""

from __future__ import annotations

from dataclasses import replace

from agent.understanding.clauses import Clause, Terms
from agent.understanding.lexicon import Lexicon, Tag, lexicons
from agent.understanding.terms import Term

_SPOKEN_OF = frozenset(["it", "it's", "we", "i", "they", "this", "that", "es", "wir", "ich"])
_OF_MENDING = (
    *("filler", "complaint", "state", "noun", "kind", "preposition", "pronoun", "everything", "only", "asking"),
    *("namespace", "request", "everywhere"),
)
TIMES = ("duration", "schedule", "clock")
"""Values that say when."""
WHY = ("why", "how come", "warum", "wieso", "weshalb")


def is_remark(clause: Clause) -> bool:
    """`it is obsolete`: a statement of what was spoken of, with nothing in it that could change an order."""
    first = begun(clause.terms)[0]
    spoken = first.can_be("pronoun") or first.low in _SPOKEN_OF
    return spoken and not any(
        term.can_be("blocker") or term.value is not None or term.name or term.can_be("verb")
        for term in clause.terms
    )


def is_question(clause: Clause, words: Lexicon) -> bool:
    """Whether it is a question: by its mark, or by its first word."""
    first = begun(clause.terms)[0].low.partition(" ")[0]
    return clause.asks or Tag("question") in words.tags(first)


def belongs_to_mending(term: Term) -> bool:
    """Whether a wish to have something mended may say this word: an object, what is wrong, or grammar."""
    if term.sort in ("name", "namespace", "environment"):
        return True
    if any(term.can_be("noun", noun) for noun in ("file", "restart", "local")) and not term.can_be("filler"):
        return False
    verb = term.can_be("verb", "mend") or term.can_be("verb", "diagnose")
    return verb or any(term.can_be(sort) for sort in _OF_MENDING)


def is_blocked(clause: Clause) -> bool:
    """Whether something in it forbids, delays, doubts or makes it depend."""
    return any(
        term.can_be("blocker")
        and term.sort == "word"
        and not (term.can_be("complaint") or term.can_be("filler") or denies_state(clause.terms, index))
        for index, term in enumerate(clause.terms)
    ) or any(
        term.value is not None and term.value.sort in ("duration", "schedule", "clock") for term in clause.terms
    )


def sounds_broken(clause: Clause) -> bool:
    """Whether it says of something that it does not work."""
    return any(term.can_be("complaint") and term.sort in ("word", "value") for term in clause.terms) or (
        denied_state(clause)
    )


def denied_state(clause: Clause) -> bool:
    """`won't start`, `cannot be reached`."""
    terms = clause.terms
    denials = [index for index, term in enumerate(terms) if term.can_be("blocker", "negation")]
    if denials and denials[-1] == len(terms) - 1 and len(terms) > 1 and _denies(terms[-1]):
        return True
    return any(term.can_be("state") for index in denials for term in terms[max(0, index - 3) : index + 5])


def is_diagnosis(clause: Clause) -> bool:
    """Whether it tells to find out what is wrong."""
    terms = begun(clause.terms)
    first = terms[0]
    if first.low in WHY or first.low.startswith(("what is wrong", "what's wrong")):
        return True
    said = any(term.can_be("verb", "diagnose") and term.sort == "word" for term in terms)
    strange = sum(term.is_unknown for term in terms)
    return said and strange <= 1 and not any(term.value is not None for term in terms)


def opens_with_verb(clause: Clause) -> bool:
    """Whether it is said as an order: a verb first, but for politeness and where it is."""
    terms = begun(clause.terms)
    while len(terms) > 1 and (
        terms[0].can_be("preposition", "in")
        or terms[0].can_be("preposition", "for")
        or terms[0].can_be("preposition", "on")
        or terms[0].sort in ("namespace", "environment")
    ):
        terms = terms[1:]
    return (
        bool(terms)
        and terms[0].can_be("verb")
        and terms[0].sort in ("word", "name")
        and not terms[0].can_be("complaint")
    )


def is_verb_last(clause: Clause, words: Lexicon) -> bool:
    """`web bitte neu starten`."""
    return words is not lexicons()[0] and clause.terms[-1].can_be("verb") and clause.terms[-1].sort == "word"


def begun(terms: Terms) -> Terms:
    """The terms from the first that is more than politeness."""
    for index, term in enumerate(terms):
        pure = (term.can_be("filler") or term.can_be("request")) and not any(
            term.can_be(sort)
            for sort in ("verb", "noun", "complaint", "advice", "question", "blocker", "pronoun", "everything")
        )
        if not pure or term.sort != "word":
            return terms[index:]
    return ()


def denies_state(terms: Terms, index: int) -> bool:
    """`cannot be scheduled`: a negation that only tells what is wrong."""
    return terms[index].can_be("blocker", "negation") and any(
        term.can_be("state") for term in terms[index + 1 : index + 4]
    )


def affirmed(clause: Clause) -> Clause:
    """A clause without its negations."""
    kept = tuple(term for term in clause.terms if not (term.can_be("blocker", "negation") and term.sort == "word"))
    return replace(clause, terms=kept)


def is_courtesy(term: Term) -> bool:
    if term.sort != "word":
        return False
    return term.can_be("courtesy") or (
        (term.can_be("filler") or term.can_be("request")) and not term.can_be("blocker")
    )


def is_left_alone(term: Term) -> bool:
    return (
        term.sort == "name"
        or any(term.can_be(sort) for sort in ("filler", "left", "kind", "leave", "preposition"))
        or term.can_be("noun", "workload")
    )


def _denies(term: Term) -> bool:
    """`today it doesn't`: a verb that is denied, and no bare `no`."""
    return term.low.endswith(("n't", "nicht", "dont", "doesnt"))
