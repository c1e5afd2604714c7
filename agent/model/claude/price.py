"""What a turn costs."""

from __future__ import annotations

from dataclasses import dataclass

from tools.json import Json

HELD = "ephemeral_1h_input_tokens"
"""Of `cache_creation_input_tokens`, those that are held for an hour and not for five minutes."""
HELD_BY_INPUT = 2.0
"""What writing them costs, by the price of input. Source: https://platform.claude.com/docs/en/about-claude/pricing."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; what is written to the cache, for five minutes."""

    input: float
    output: float
    cache_write: float
    cache_read: float

    def cost_usd(self, usage: Json) -> float:
        """What this usage costs; `input_tokens` are those that no cache had to do with."""
        held = usage.get(HELD) or 0
        paid = (
            (self.input, usage.get("input_tokens") or 0),
            (self.output, usage.get("output_tokens") or 0),
            (self.cache_write, (usage.get("cache_creation_input_tokens") or 0) - held),
            (self.input * HELD_BY_INPUT, held),
            (self.cache_read, usage.get("cache_read_input_tokens") or 0),
        )
        return round(sum(usd * count for usd, count in paid) / 1_000_000, 6)


# Source: https://platform.claude.com/docs/en/about-claude/pricing (five-minute cache), November 2026.
KNOWN: dict[str, Price] = {
    "claude-sonnet-5-5": Price(2.0, 10.0, 2.5, 0.1),
    "claude-opus-5-5": Price(4.0, 20.0, 5.0, 0.2),
}


def parse_price(text: str) -> Price:
    """`input,output,cache write,cache read`; raises `ValueError` for anything else."""
    values = [float(part) for part in text.split(",")]
    if len(values) != 4 or min(values) < 0:
        raise ValueError("give four numbers: input,output,cache write,cache read")
    return Price(*values)
