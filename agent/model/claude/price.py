"""What a turn costs."""

from __future__ import annotations

from dataclasses import dataclass

from tools.json import Json


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float
    cache_write: float
    cache_read: float

    def cost_usd(self, usage: Json) -> float:
        """What this usage costs; `input_tokens` are those that no cache had to do with."""
        paid = (
            (self.input, "input_tokens"),
            (self.output, "output_tokens"),
            (self.cache_write, "cache_creation_input_tokens"),
            (self.cache_read, "cache_read_input_tokens"),
        )
        return round(sum(usd * (usage.get(name) or 0) for usd, name in paid) / 1_000_000, 6)


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
