"""A task as terms: names of the cluster, values, and words with what they can mean. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Literal

from agent.understanding.lexicon import LONGEST_PHRASE, Lexicon, Tag, lexicon, lexicons
from agent.understanding.quantities import UNIT_WORDS, Value, quantity
from agent.understanding.schedules import cron_of
from agent.understanding.world import World, is_environment

Sort = Literal["word", "name", "namespace", "environment", "value", "literal", "end", "comma"]

_TOKEN = re.compile(
    r"""(?P<quoted>(?<!\w)(?:"[^"\n]*"|`[^`\n]*`|'[^'\n]*'|\[[^\]\n]*\])(?!\w))"""
    r"|(?P<grouped>(?<![\w.,/:-])\d+(?:,\d+)+(?![\w,/:-]))"
    r"|(?P<code>(?<=\w)\()"
    r"|(?P<end>[.!?]+(?=\s|$)|[\n;])|(?P<comma>,|:(?=\s|$)|\s-\s|\s\u2013\s|[()])"
    r"|(?P<word>(?:[^\s,;!?()\"`:.]|[:.](?!\s|$)|[.](?=\w)|(?<=\S)[!?](?=\w))+)"
    r"|(?P<other>[^\s'])"
)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_PAIR = re.compile(r"([A-Za-z_][\w.\-/]*)=(.*)")
_IMAGE = re.compile(r"[\w.\-]+(?::\d+)?(?:/[\w.\-]+)*(?::[\w][\w.\-]*)?(?:@sha256:[0-9a-f]{64})?")
_MARKER = re.compile(r"(?:^|\n)\s*(?:[-*\u2022]|\d+[.)])\s+")
_PORTS = re.compile(r"(\d{1,5}|localhost):(\d{1,5})")
_SIGN_OFFS = "|".join(phrase for words in lexicons() for phrase in words.sign_off)
_SIGN_OFF = re.compile(rf"(?:{_SIGN_OFFS})[,!.\s-]+(?P<name>[A-Z]\w+(?:\s[A-Z][\w.]*)?)\s*$", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:am|pm|h)?|\d{1,2}(?:am|pm|uhr)|\d{4}-\d\d-\d\d.*", re.IGNORECASE
)
_CRON = re.compile(r"[\d*/,\-]+")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_PLAIN = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00a0": " ",
                        "\u2013": "-", "\u2014": "-", "\u202f": " "})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """A word, phrase, name or value. What it stands for is decided by who uses it: `tags` are all it can mean."""

    text: str
    sort: Sort
    tags: frozenset[Tag] = frozenset()
    kinds: tuple[str, ...] = ()
    """Of a name: the kinds of the objects that have it."""
    name: str = ""
    """Of a name: the object's, where the word said it otherwise (misspelt, or by its beginning)."""
    namespace: str = ""
    """Of a namespace: which; of a name: where it was said to be (`shop-dev/web`)."""
    value: Value | None = None
    preposition: str = ""
    spelt: str = ""
    """The word that a misspelt one was taken for."""

    @property
    def low(self) -> str:
        """The word in lower case, its typing error mended."""
        return self.spelt or self.text.casefold()

    def can_be(self, sort: str, concept: str | None = None) -> bool:
        """Whether it can be of this sort, and mean this."""
        if concept is None:
            return any(tag.sort == sort for tag in self.tags)
        return Tag(sort, concept) in self.tags

    def concepts(self, sort: str) -> frozenset[str]:
        """All it can mean of a sort."""
        return frozenset(tag.concept for tag in self.tags if tag.sort == sort)

    @property
    def is_unknown(self) -> bool:
        """Whether it is in no table, and no name or value."""
        return self.sort == "word" and not self.tags and self.value is None


@dataclass(frozen=True)
class Token:
    """A piece of the task as it was typed."""

    text: str
    sort: str
    low: str = field(default="")


def terms_of(task: str, world: World) -> tuple[Term, ...]:
    """The terms of a task, in order, in the words of its language."""
    spaced = re.sub(r"[^\S\n]+", " ", unicodedata.normalize("NFKC", task).translate(_PLAIN))
    text = _MARKER.sub("\n", re.sub(r"(?: ?\n ?)+", "\n", spaced))
    text = _without_sign_off(text)
    return tuple(_Tagger(lexicon(task), world, tuple(_tokens(text))).terms())


def _without_sign_off(text: str) -> str:
    """Without the name that a letter ends with."""
    found = _SIGN_OFF.search(text)
    return text[: found.start("name")] if found else text


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        said = match[0]
        if match.lastgroup == "word" and said.endswith("'s") and said.casefold() not in _CONTRACTIONS:
            found += [Token(said[:-2], "word", said[:-2].casefold()), Token("'s", "word", "'s")]
        else:
            sort = "word" if match.lastgroup in (None, "code", "other") else match.lastgroup
            found.append(Token(said.strip() or said, sort, said.strip().casefold()))
    return found


_CONTRACTIONS = frozenset(["it's", "what's", "who's", "where's", "how's", "let's", "there's", "that's", "why's"])


_CONTAINER = ("container", "containers")


class _Tagger:
    def __init__(self, words: Lexicon, world: World, tokens: tuple[Token, ...]) -> None:
        self._words = words
        self._world = world
        self._at = 0
        said = {token.low for token in tokens} | {part for token in tokens for part in token.low.split("/")}
        mentioned = [name for name in world.namespaces if name in said]
        environments = [place for word in said if is_environment(word) and (place := world.of_environment(word))]
        self._scope = (world.namespace, *mentioned, *environments)
        self._tokens = tuple(self._spelt(token) for token in tokens)

    def _spelt(self, token: Token) -> Token:
        """A token with its typing error mended, where it is one of the language's words."""
        word = token.low
        known = self._words.knows(word) or word in UNIT_WORDS or word in self._world.namespaces
        if token.sort != "word" or not word.isalpha() or known:
            return token
        if token.text.isupper() or self._world.kinds_of(word, self._scope) or self._world.like(word, self._scope):
            return token
        mended = self._words.corrected(word)
        return Token(token.text, "word", mended) if mended else token

    def terms(self) -> list[Term]:
        found: list[Term] = []
        while self._at < len(self._tokens):
            found += self._next(found)
        return _with_prepositions(found)

    def _next(self, before: list[Term]) -> list[Term]:
        token = self._tokens[self._at]
        if token.sort in ("end", "comma"):
            return self._take(1, Term(token.text, "end" if token.sort == "end" else "comma"))
        if token.sort == "quoted":
            return self._quoted(token)
        for read in (self._value, self._slashed, self._phrase, self._joined_name):
            if (terms := read(token, before)) is not None:
                return terms
        return self._single(token, before)

    def _take(self, tokens: int, *terms: Term) -> list[Term]:
        self._at += tokens
        return list(terms)

    def _quoted(self, token: Token) -> list[Term]:
        if token.text[0] == "[":
            return self._take(1, Term(token.text, "literal", value=Value("literal", token.text)))
        inner = token.text[1:-1].strip()
        if _NAME.fullmatch(inner) and (kinds := self._world.kinds_of(inner, self._scope)):
            return self._take(1, Term(inner, "name", kinds=kinds, name=inner))
        if inner in self._world.namespaces:
            return self._take(1, Term(inner, "namespace", namespace=inner))
        return self._take(1, Term(inner, "literal", value=Value("literal", inner)))

    def _value(self, token: Token, before: list[Term]) -> list[Term] | None:
        if (pair := _PAIR.fullmatch(token.text)) and "://" not in pair[1]:
            return self._take(1, Term(token.text, "value", value=Value("pair", pair[1], self._pair_value(pair[2]))))
        if (told := self._container(token)) is not None:
            return told
        if _CLOCK.fullmatch(token.text):
            return self._take(1, Term(token.text, "value", value=Value("clock", token.text)))
        if ports := _PORTS.fullmatch(token.text):
            if ports[1] == "localhost":
                return self._take(1, Term(token.text, "value", value=Value("local", ports[2])))
            return self._take(1, Term(token.text, "value", value=Value("ports", ports[2], ports[1])))
        fields = [each.text for each in self._tokens[self._at : self._at + 5]]
        if len(fields) == 5 and "*" in fields and all(_CRON.fullmatch(each) for each in fields):
            return self._take(5, Term(" ".join(fields), "literal", value=Value("literal", " ".join(fields))))
        if self._is_shouted_name(token):
            return self._take(
                1, Term(token.text, "word", self._words.tags(token.low), value=Value("variable", token.text))
            )
        doubtful = any(tag.sort == "blocker" for tag in self._words.tags(token.low))
        if before and self._value_is_due(before) and not doubtful:
            return self._take(1, Term(token.text, "value", value=Value("literal", token.text)))
        for length in range(6, 0, -1):
            said = " ".join(each.low for each in self._tokens[self._at : self._at + length] if each.sort == "word")
            if len(said.split()) == length and (cron := cron_of(said)):
                return self._take(length, Term(said, "value", value=Value("schedule", cron)))
        words = [each.low for each in self._tokens[self._at : self._at + 4] if each.sort in ("word", "grouped")]
        raw = [each.text for each in self._tokens[self._at : self._at + 4]]
        found = quantity(raw, words, self._words.numbers, self._words.units)
        if found is None:
            return None
        used, value = found
        if used == 1 and value.sort == "number" and not token.text[:1].isdigit() and self._is_article(token):
            return None
        text = " ".join(raw[:used])
        tags = self._words.tags(*words[:used]) if used == 1 else frozenset()
        return self._take(used, Term(text, "value", tags=tags, value=value))

    def _is_article(self, token: Token) -> bool:
        """German `ein`, English `one`: a number only where one is wanted, and a filler otherwise."""
        return Tag("filler") in self._words.tags(token.low)

    def _is_shouted_name(self, token: Token) -> bool:
        """A word in capitals in a task that is not in capitals: an environment variable's name."""
        least = 2 if self._follows_env() else 3
        if not _VARIABLE.fullmatch(token.text) or len(token.text) < least or token.text.isdigit():
            return False
        letters = "".join(each.text for each in self._tokens)
        return sum(map(str.isupper, letters)) < 0.6 * sum(map(str.isalpha, letters)) and (
            "_" in token.text or not self._words.tags(token.low) or self._follows_env()
        )

    def _container(self, token: Token) -> list[Term] | None:
        """The name beside the word `container`."""
        if token.sort != "word" or not _NAME.fullmatch(token.low) or token.low in _CONTAINER:
            return None
        before = self._tokens[self._at - 1].low if self._at else ""
        after = self._tokens[self._at + 1].low if self._at + 1 < len(self._tokens) else ""
        known = self._words.tags(token.low) or self._world.kinds_of(token.low, self._scope)
        named = before in _CONTAINER and (
            not self._words.tags(token.low) or Tag("noun", "workload") in self._words.tags(token.low)
        )
        if named or (after in _CONTAINER and not known):
            return self._take(1, Term(token.text, "value", value=Value("container", token.low)))
        return None

    def _follows_env(self) -> bool:
        last = self._tokens[self._at - 1].low if self._at else ""
        return Tag("noun", "env") in self._words.tags(last) or last in ("unset", "set", "remove")

    @staticmethod
    def _value_is_due(before: list[Term]) -> bool:
        """Behind `LOG_LEVEL to`, whatever word it is."""
        if len(before) < 2 or not before[-1].can_be("preposition", "to"):
            return False
        return before[-2].value is not None and before[-2].value.sort == "variable"

    def _pair_value(self, said: str) -> str:
        if said:
            return said
        following = self._at + 1
        if following < len(self._tokens) and self._tokens[following].sort == "quoted":
            self._at += 1
            return self._tokens[following].text[1:-1]
        return ""

    def _slashed(self, token: Token, _before: list[Term]) -> list[Term] | None:
        """`deploy/web`, `shop-dev/web`."""
        first, slash, rest = token.low.partition("/")
        if not slash or not _NAME.fullmatch(rest):
            return None
        kinds = tuple(tag.concept for tag in self._words.tags(first) if tag.sort == "kind")
        if kinds:
            return self._take(1, Term(token.text, "name", kinds=kinds[:1], name=rest))
        if first in self._world.namespaces:
            found = self._world.kinds_of(rest, (first,))
            return self._take(1, Term(token.text, "name", kinds=found, name=rest, namespace=first))
        return None

    def _phrase(self, token: Token, before: list[Term]) -> list[Term] | None:
        """The longest phrase of two words or more."""
        words = []
        for each in self._tokens[self._at : self._at + LONGEST_PHRASE]:
            if each.sort != "word":
                break
            words.append(each.low)
        for length in range(len(words), 1, -1):
            tags = self._words.tags(*words[:length])
            if tags:
                text = " ".join(each.text for each in self._tokens[self._at : self._at + length])
                spelt = " ".join(words[:length])
                return self._take(
                    length, Term(text, "word", tags=tags, spelt=spelt if spelt != text.casefold() else "")
                )
        return None

    def _joined_name(self, token: Token, _before: list[Term]) -> list[Term] | None:
        """`redis cache`, where there is redis-cache."""
        following = self._tokens[self._at + 1 : self._at + 2]
        if not following or following[0].sort != "word" or self._words.tags(token.low):
            return None
        name = f"{token.low}-{following[0].low}"
        kinds = self._world.kinds_of(name, self._scope)
        return (
            self._take(2, Term(f"{token.text} {following[0].text}", "name", kinds=kinds, name=name))
            if kinds
            else None
        )

    def _single(self, token: Token, before: list[Term]) -> list[Term]:
        word = token.low
        tags = self._words.tags(word)
        kinds = self._world.kinds_of(word, self._scope) if token.text == word or not tags else ()
        if kinds and tags and self._is_word_here(tags, before):
            return self._take(1, Term(token.text, "word", tags))
        if word in self._world.namespaces:
            return self._take(
                1, Term(token.text, "namespace", tags, kinds=kinds, name=word if kinds else "", namespace=word)
            )
        if kinds:
            return self._take(1, Term(token.text, "name", tags, kinds=kinds, name=word))
        if is_environment(word) and self._is_place(before):
            return self._take(1, Term(token.text, "environment", namespace=self._world.of_environment(word)))
        if tags:
            spelt = word if token.text.casefold() != word else ""
            return self._take(1, Term(token.text, "word", tags, spelt=spelt))
        return self._take(1, self._guessed(token))

    def _is_word_here(self, tags: frozenset[Tag], before: list[Term]) -> bool:
        """Whether a word that is an object's name, too, stands where grammar or a verb does: `fix checkout`."""
        if before and before[-1].can_be("kind"):
            return False
        if any(tag.sort in ("preposition", "blocker", "filler", "and") for tag in tags):
            return True
        opens = all(term.can_be("filler") or term.can_be("request") for term in _since_stop(before))
        following = (
            self._words.tags(self._tokens[self._at + 1].low) if self._at + 1 < len(self._tokens) else frozenset()
        )
        after = self._tokens[self._at + 2].low if self._at + 2 < len(self._tokens) else ""
        if any(tag.sort == "kind" for tag in following) and not self._world.kinds_of(after, self._scope):
            return False
        rest = [word for token in self._tokens[self._at + 1 :] for word in token.low.split("/")]
        named = any(self._world.kinds_of(word, self._scope) or self._world.like(word, self._scope) for word in rest)
        spoken = any(tag.sort == "pronoun" for word in rest for tag in self._words.tags(word))
        return opens and (named or spoken) and any(tag.sort == "verb" for tag in tags)

    def _is_place(self, before: list[Term]) -> bool:
        last = next(
            (term for term in reversed(before) if not term.can_be("filler") or term.can_be("preposition")), None
        )
        following = self._tokens[self._at + 1].low if self._at + 1 < len(self._tokens) else ""
        place = last is not None and (last.concepts("preposition") & {"in", "on", "at"} or last.can_be("namespace"))
        return bool(place) or Tag("namespace") in self._words.tags(following)

    def _guessed(self, token: Token) -> Term:
        word = token.low
        if _NAME.fullmatch(word):
            if name := self._world.like(word, self._scope):
                return Term(token.text, "name", kinds=self._world.kinds_of(name, self._scope), name=name)
            parts = [self._words.tags(part) for part in word.split("-")]
            if len(parts) > 1 and all(any(tag.sort == "noun" for tag in tags) for tags in parts):
                nouns = frozenset(tag for tags in parts for tag in tags if tag.sort == "noun")
                return Term(token.text, "word", nouns, spelt=word)
        if token.text[:1] in "/~." and len(token.text) > 1:
            return Term(token.text, "value", value=Value("path", token.text))
        if _IMAGE.fullmatch(token.text) and re.search(r"[/:@]", token.text):
            return Term(token.text, "value", value=Value("image", token.text))
        return Term(token.text, "word")


def _since_stop(terms: list[Term]) -> list[Term]:
    """The terms since the last full stop, comma or `and`."""
    stops = [at for at, term in enumerate(terms) if term.sort in ("end", "comma") or term.can_be("and")]
    return terms[stops[-1] + 1 :] if stops else terms


def _with_prepositions(terms: list[Term]) -> list[Term]:
    """Each name and value knows the preposition before it, which articles and kinds may stand between."""
    found: list[Term] = []
    preposition = ""
    for term in terms:
        prepositions = term.concepts("preposition")
        if prepositions and term.sort == "word":
            preposition = min(prepositions)
        elif term.sort in ("name", "value", "literal", "namespace", "environment") or term.is_unknown or term.spelt:
            found.append(replace(term, preposition=preposition))
            preposition = ""
            continue
        elif not (term.can_be("filler") or term.can_be("kind") or term.can_be("noun")):
            preposition = ""
        found.append(term)
    return found


def is_name(word: str) -> bool:
    """Whether a word could be an object's name."""
    return _NAME.fullmatch(word.casefold()) is not None
