"""Text without its secrets: each table of patterns is applied where the text has a sign of what it finds."""

import re

from agent.redaction.commands import mask_commands
from agent.redaction.encoded import mask_encoded
from agent.redaction.folded import mask_folded
from agent.redaction.manifests import mask_manifests
from agent.redaction.pairs import BLOCKS, mask_pairs
from agent.redaction.sentences import mask_sentences
from agent.redaction.shapes import mask_shapes
from agent.redaction.wrapped import mask_wrapped

_PLAIN = re.compile(r"[\w./-]{0,15}")  # too short for a token, and neither a blank, "=" nor ":" in it
_ASCII_LOWER = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


_ROUNDS = 4
_ENCODINGS = 3
"""So many times one within the other are undone."""
_SIGNS_OF_LINES = ("kind", "value", ": |", ": >")  # of a manifest, an environment entry, a YAML block


def mask_text(text: str) -> str:
    """Return the text with every secret in it replaced by `MARK`.

    What was masked may have stood before something that is a secret, too: all is read again until nothing changes.
    """
    return _mask(text, _ENCODINGS)


def _mask(text: str, encodings: int) -> str:
    if _PLAIN.fullmatch(text):
        return text
    if encodings:
        text = mask_encoded(text, lambda decoded: _mask(decoded, encodings - 1))
    return _mask_rounds(mask_wrapped(text, _mask_rounds))


def _mask_rounds(text: str) -> str:
    for _ in range(_ROUNDS):
        masked = _mask_once(text)
        if masked == text:
            break
        text = masked
    return text


def _mask_once(text: str) -> str:
    lowered = _lower(text)
    if any(sign in lowered for sign in _SIGNS_OF_LINES):
        text = mask_folded(_mask_lines(text), _mask_lines)
        lowered = _lower(text)
    text = mask_commands(mask_shapes(text, lowered), lowered)
    text = mask_pairs(text, _lower(text))
    return mask_sentences(text, _lower(text))


def _mask_lines(text: str) -> str:
    """Mask what is recognized by its lines."""
    if "ecret" in text and "kind" in text:
        text = mask_manifests(text)
    return mask_pairs(text, _lower(text), BLOCKS)


def _lower(text: str) -> str:
    """Lower the case of ASCII letters, so that positions stay what they were."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)
