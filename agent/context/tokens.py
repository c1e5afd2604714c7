"""How many tokens a text is, estimated without a network.

Claude's own vocabulary is not public. Texts are counted by tiktoken with OpenAI's cl100k_base, which ships with
Desk (MIT, https://github.com/openai/tiktoken), and what the API counted of a session's earlier turns says by how
much that is to be multiplied. Without the vocabulary a token counts as four bytes.
"""

from __future__ import annotations

import base64
import hashlib
import lzma
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

VOCABULARY = "cl100k_base.tiktoken.xz"
SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
"""Of the vocabulary as OpenAI publishes it. Source: tiktoken_ext/openai_public.py."""
COUNTED_BYTES = 256 * 1024
"""Of a longer text so much is counted, and the rest is taken to be alike."""
BYTES_A_TOKEN = 4
_PIECE = 8 * 1024
"""Counted piece by piece, for a long run of letters takes its square."""
_WORDS = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|"
    r"\s+(?!\S)|\s"
)


def estimate(text: str) -> int:
    """The tokens of a text in cl100k_base; of a long one, its beginning extrapolated."""
    return _short(text) if len(text) <= _PIECE * 8 else _counted(text)


@lru_cache(maxsize=256)
def _short(text: str) -> int:
    """Kept, for a turn asks for the same answers more than once."""
    return _counted(text)


def _counted(text: str) -> int:
    size = len(text.encode(errors="replace"))
    encoding = _encoding()
    if encoding is None:
        return -(-size // BYTES_A_TOKEN)
    head = text[:COUNTED_BYTES]
    counted = sum(len(encoding.encode_ordinary(head[at : at + _PIECE])) for at in range(0, len(head), _PIECE))
    return counted if len(head) == len(text) else counted * len(text) // len(head)


@cache
def _encoding() -> Encoding | None:
    """The vocabulary; None when the file is not there, or not what was shipped."""
    try:
        content = lzma.decompress(files("agent.context").joinpath(VOCABULARY).read_bytes())
    except (OSError, lzma.LZMAError):
        return None
    if hashlib.sha256(content).hexdigest() != SHA256:
        return None
    from tiktoken import Encoding

    lines = (line.split() for line in content.splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    return Encoding(name="cl100k_base", pat_str=_WORDS, mergeable_ranks=ranks, special_tokens={})
