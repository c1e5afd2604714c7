"""Does the next request fit into the model's context window? Pure, but for the vocabulary.

What is used is what the API counted of the last turn. What comes on top is estimated: the answers to its calls, by
a ratio that the turns before have shown, and the turn that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent.context.tokens import estimate

FULL = 0.8
"""Of the model's context window; what is left must suffice for the end. Source: the seed, 11."""
USUAL_RATIO = 1.2
"""Tokens of Claude for one of cl100k_base, as long as a session has not shown its own."""
LEAST_RATIO, MOST_RATIO = 0.5, 3.0
ANSWER_TOKENS = 30
"""What stands around an answer: whose it is, and that it is data."""
_SHOWN_TOKENS = 500
"""So much of a conversation shows a ratio."""


@dataclass
class Ratio:
    """What the API counted, against what was estimated of the same text."""

    counted: int = 0
    estimated: int = 0

    def learn(self, counted: int, texts: Iterable[str]) -> None:
        """A turn's answers: `counted` tokens more than before it."""
        if counted > 0:
            self.counted += counted
            self.estimated += estimated(texts)

    @property
    def value(self) -> float:
        """By how much an estimate is to be multiplied."""
        if self.estimated < _SHOWN_TOKENS:
            return USUAL_RATIO
        return min(max(self.counted / self.estimated, LEAST_RATIO), MOST_RATIO)


@dataclass(frozen=True, slots=True)
class Budget:
    """A context window, in tokens. `reserved` is the most that the next turn may have."""

    window: int
    reserved: int
    used: int
    """After the last turn, as the API counted it."""
    coming: Sequence[str] = ()
    """The answers that the next request brings."""
    ratio: Ratio = field(default_factory=Ratio)

    @property
    def limit(self) -> int:
        """What the next request may take: a share of the window, and what leaves room for its answer."""
        return min(int(self.window * FULL), max(self.window - self.reserved, self.window // 2))

    def room(self, answers: int) -> int:
        """How many tokens, as `estimate` counts them, one of so many answers that are still to come may have.

        A turn's answers together may have half of what is left: the rest is for the turns after it.
        """
        return int(((self.limit - self.used) / 2 - self.expected) / self.ratio.value / answers)

    @property
    def is_full(self) -> bool:
        """Whether the next request would take more than is to be used, or its answer have no room."""
        sent = (len(text.encode(errors="replace")) + ANSWER_TOKENS for text in self.coming)
        most = sum(sent) * MOST_RATIO
        if self.used + most <= self.limit:  # a byte has at most one token: nothing needs to be counted
            return False
        return self.used + self.expected > self.limit

    @property
    def expected(self) -> int:
        """The tokens of what the next request brings."""
        return int(estimated(self.coming) * self.ratio.value)


def estimated(answers: Iterable[str]) -> int:
    """The tokens of answers as they are sent, in cl100k_base."""
    return sum(estimate(text) + ANSWER_TOKENS for text in answers)
