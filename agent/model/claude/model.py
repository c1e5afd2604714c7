"""Claude as the model port has it. The SDK takes a second or two to import, so nothing here does."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.model.claude.price import Price
from agent.model.port import Conversation, Part

if TYPE_CHECKING:
    from anthropic import Anthropic


@dataclass(frozen=True, slots=True)
class Profile:
    """How Claude is asked.

    `effort` None: as the model has it. `timeout_s` is the longest silence of the API. `patience_s` is how long
    one turn may be waited for in all, when the API asks to come back later. `price` None: nobody knows it.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    effort: str | None
    max_tokens: int
    timeout_s: float
    patience_s: float
    price: Price | None


class Claude:
    """The `Model` that is Claude. Nothing is imported or connected before the first turn."""

    def __init__(self, profile: Profile, sleep: Callable[[float], None]) -> None:
        self.name = profile.model
        self._profile = profile
        self._sleep = sleep
        self._client: Anthropic | None = None

    def warm(self) -> None:
        """Import the SDK beside whatever the session does first."""
        threading.Thread(target=importlib.import_module, args=("agent.model.claude.turn",), daemon=True).start()

    def window_tokens(self) -> int:
        """The tokens of the model's context window, as the API says it where it does."""
        from agent.model.claude.window import window_tokens

        return window_tokens(self._connected(), self._profile.model)

    def stream(self, conversation: Conversation) -> Iterator[Part]:
        """One turn, asked for again while its failure is one that passes.

        Raises `ModelSettingsError` for a wrong key or name, `ModelError` when it cannot be had now.
        """
        from agent.model.claude.turn import turn

        yield from turn(self._connected(), self._profile, conversation, self._sleep)

    def _connected(self) -> Anthropic:
        from agent.model.claude.turn import client_of

        if self._client is None:
            self._client = client_of(self._profile)
        return self._client
