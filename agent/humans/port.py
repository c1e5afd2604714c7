"""What a channel is to Desk: it takes messages, and says whether it has one already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent.humans.notices import Kind

if TYPE_CHECKING:
    from agent.humans.card import Card
    from tools.json import Json

TIMEOUT_S = 10.0
"""For one answer of a channel."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `card` is what it is about, as it stands now."""

    about: str
    kind: Kind
    card: Card | None = None
    blocks: Json | None = None
    """Of `onboarded` and `callback`: the message itself."""
    ref: Json | None = None
    """The message that it changes or answers."""
    repeated: bool = False
    """Whether it may have been sent before, and the channel cannot tell."""

    @property
    def key(self) -> str:
        """The one message of its kind about this."""
        return f"{self.about}:{self.kind}"


class Undelivered(Exception):
    """A channel did not take a message, or did not say that it has."""

    def __init__(
        self,
        said: str,
        *,
        retry_after_s: float = 0.0,
        is_final: bool = False,
        maybe_sent: bool = False,
        is_limit: bool = False,
    ) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s
        self.is_final = is_final
        self.maybe_sent = maybe_sent
        self.is_limit = is_limit


class Notifier(Protocol):
    """One channel. Every method raises `Undelivered`."""

    name: str
    kinds: frozenset[Kind]
    """What it is used for."""

    def shown(self, message: Message) -> str:
        """Digest of what the message would show: a card is sent again when it differs."""

    def send(self, message: Message) -> Json:
        """Send it, and give what the channel calls it."""

    def find(self, message: Message) -> Json | None:
        """The message, if the channel has it; None where it has not, or cannot tell."""
