"""How many tokens the model's context window has: as the Messages API says it, or else as is known."""

from __future__ import annotations

import logging

from anthropic import Anthropic, AnthropicError
from httpx2 import HTTPError

log = logging.getLogger(__name__)

KNOWN = {"claude-sonnet-5-5": 1_000_000, "claude-opus-5-5": 1_000_000}
"""For an API that does not say: a gateway, or none that answers."""
LEAST = 200_000
"""Of a model that nobody knows: what every Claude has that is not retired."""
TIMEOUT_S = 5.0
"""A session does not wait longer to know it; the first turn tells what is wrong with the way."""


def window_tokens(client: Anthropic, model: str) -> int:
    """The tokens of a model's context window; never fails."""
    known = KNOWN.get(model, LEAST)
    try:
        said = client.models.retrieve(model, timeout=TIMEOUT_S).max_input_tokens
    except (AnthropicError, HTTPError, ValueError) as error:
        log.info("the API does not say what the window is: %s", error, extra={"model": model, "window": known})
        return known
    return said or known
