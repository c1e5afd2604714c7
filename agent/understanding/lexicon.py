"""The words of the languages by what they mean: phrases to tags; and the word that a misspelt one is near."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import NamedTuple

from agent.understanding.languages import english, german
from agent.understanding.spelling import nearest, swapped

Words = tuple[str, ...]

LONGEST_PHRASE = 8
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_NOT_CORRECTED = frozenset(["asking", "state", "left", "leave", "question", "courtesy"])
"""Words of these sorts only give colour: a name is not taken for one with a typing error."""


class Tag(NamedTuple):
    """What a phrase can mean: its sort (verb, noun, kind, preposition ...) and which of that sort."""

    sort: str
    concept: str = ""


class Lexicon:
    """One language's phrases, with the technical words that every language borrows."""

    def __init__(self, own: ModuleType, borrowed: tuple[ModuleType, ...] = ()) -> None:
        self.phrases: dict[Words, frozenset[Tag]] = {}
        for phrase, tag in _entries(own):
            self._add(phrase, tag)
        known = set(self.phrases)
        for language in borrowed:
            for phrase, tag in _technical(language):
                if tuple(phrase.split()) not in known:
                    self._add(phrase, tag)
        self.split_verbs = tuple(_split_verbs(own))
        self.numbers: Mapping[str, float] = own.NUMBERS
        self.units: Mapping[str, str] = own.UNITS
        carrying = (
            words for words, tags in self.phrases.items() if any(tag.sort not in _NOT_CORRECTED for tag in tags)
        )
        split = (tuple(verb[:1]) for pair in self.split_verbs for verb in (pair, pair[1:]))
        self._vocabulary = (
            frozenset(word for words in self.phrases for word in words)
            | {word for pair in self.split_verbs for word in pair[:2]}
            | own.UNITS.keys()
            | own.NUMBERS.keys()
        )
        self.sign_off = phrases_of(own.SIGN_OFF)
        self._correctable = _by_letter(dict.fromkeys((*carrying, *split)))

    def _add(self, phrase: str, tag: Tag) -> None:
        for spelling in {phrase, phrase.translate(_UMLAUTS)}:
            words = tuple(spelling.split())
            self.phrases[words] = self.phrases.get(words, frozenset()) | {tag}

    def knows(self, word: str) -> bool:
        """Whether a word stands in a table, alone or in a phrase."""
        return word in self._vocabulary

    def tags(self, *words: str) -> frozenset[Tag]:
        """What a phrase means; empty when it is in no table."""
        return self.phrases.get(words, frozenset())

    def corrected(self, word: str) -> str:
        """The one verb, noun or kind that a word is most likely a typing error of; empty when there is none."""
        return nearest(word, self._correctable.get(word[:1], ())) or swapped(
            word, self._correctable.get(word[1:2], ())
        )


@cache
def lexicon(task: str) -> Lexicon:
    """The language a task is in: that of which it has more words that the other has not."""
    words = {word.strip(".,;:!?") for word in task.casefold().split()}
    scores = [len(words & own) for own in _own_words()]
    return _lexicons()[1 if scores[1] > scores[0] else 0]


def kinds_in(task: str) -> frozenset[str]:
    """The kinds of objects that a task speaks of."""
    words, known = task.casefold().split(), lexicon(task)
    phrases = (tuple(words[at : at + length]) for at in range(len(words)) for length in (1, 2, 3))
    return frozenset(tag.concept for phrase in phrases for tag in known.tags(*phrase) if tag.sort == "kind")


def lexicons() -> tuple[Lexicon, ...]:
    """All of them, English first."""
    return _lexicons()


@cache
def _lexicons() -> tuple[Lexicon, ...]:
    return Lexicon(english), Lexicon(german, (english,))


@cache
def _own_words() -> tuple[frozenset[str], frozenset[str]]:
    words = [frozenset(word for phrase, _ in _entries(own) for word in phrase.split()) for own in (english, german)]
    return words[0] - words[1], words[1] - words[0]


def phrases_of(table: str) -> tuple[str, ...]:
    """The phrases of one meaning: `a; b`."""
    return tuple(phrase for part in table.split(";") if (phrase := " ".join(part.casefold().split())))


def _entries(own: ModuleType) -> Iterator[tuple[str, Tag]]:
    yield from _technical(own)
    for sort, table in _SORTS:
        for phrase in phrases_of(getattr(own, table)):
            yield phrase, Tag(sort)
    for concept, table in (("one", own.PRONOUN), ("many", own.PRONOUNS)):
        for phrase in phrases_of(table):
            yield phrase, Tag("pronoun", concept)
    for modal in phrases_of(own.MODALS):
        for concept, participles in own.PASSIVES.items():
            for participle in phrases_of(participles):
                yield f"{modal} {participle}", Tag("verb", concept)
    for concept, participles in own.PASSIVES.items():
        for participle in phrases_of(participles):
            yield f"{participle} werden", Tag("verb", concept)
    for concept, gerunds in own.GERUNDS.items():
        for gerund in phrases_of(gerunds):
            for asked in (f"would you mind {gerund}", f"do you mind {gerund}"):
                yield asked, Tag("verb", concept)
                yield asked, Tag("request")
    for phrase in own.NUMBERS:
        yield phrase, Tag("number")
    for concept, table in own.BLOCKERS.items():
        for phrase in phrases_of(table):
            yield phrase, Tag("blocker", concept)
    for concept, table in own.PREPOSITIONS.items():
        for phrase in phrases_of(table):
            yield phrase, Tag("preposition", concept)


_SORTS = (
    ("complaint", "COMPLAINTS"),
    ("state", "STATES"),
    ("filler", "FILLERS"),
    ("asking", "ASKING"),
    ("leave", "LEAVE_ALONE"),
    ("left", "LEFT_ALONE"),
    ("question", "QUESTIONS"),
    ("request", "REQUESTS"),
    ("advice", "ADVICE"),
    ("namespace", "NAMESPACE_WORDS"),
    ("everything", "EVERYTHING"),
    ("everywhere", "ALL_NAMESPACES"),
    ("courtesy", "COURTESY"),
    ("instead", "INSTEAD"),
    ("purpose", "PURPOSE"),
    ("light", "LIGHT_VERBS"),
    ("only", "ONLY"),
    ("repeat", "REPEAT"),
    ("and", "AND"),
)


def _technical(own: ModuleType) -> Iterator[tuple[str, Tag]]:
    for sort, table in (("verb", own.VERBS), ("noun", own.NOUNS), ("kind", own.KINDS)):
        for concepts, phrases in table.items():
            for phrase in phrases_of(phrases):
                for concept in concepts.split():
                    yield phrase, Tag(sort, concept)


def _split_verbs(own: ModuleType) -> Iterator[tuple[str, str, str]]:
    for concept, table in own.SPLIT_VERBS.items():
        for phrase in phrases_of(table):
            for spelling in {phrase, phrase.translate(_UMLAUTS)}:
                first, _, second = spelling.rpartition(" ")
                yield first, second, concept


def _by_letter(phrases: Iterable[Words]) -> dict[str, tuple[str, ...]]:
    """Single words of tables whose words carry an order; a typing error of another word is not corrected."""
    found: dict[str, list[str]] = {}
    for words in phrases:
        if len(words) == 1 and len(words[0]) >= 3:
            found.setdefault(words[0][0], []).append(words[0])
    return {letter: tuple(words) for letter, words in found.items()}
