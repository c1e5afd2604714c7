"""Secrets in an encoding: base64 (also url-safe, also in lines) and percent-encoding, also one in the other.

What is encoded is decoded and read as text. Where that holds a secret, all of the encoded run is masked: what was
left of it could be decoded still.
"""

import base64
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote_plus

from agent.redaction.names import MARK

Mask = Callable[[str], str]

MIN_DECODED_BYTES = 10
_BASE64 = r"""(?ax)(?<![\w+/-])[\w+/-]{16,}+={0,2}
    (?:\\?\n[ \t]*[A-Za-z0-9+/]{20,}+={0,2})*+(?:\n[ \t]*[A-Za-z0-9+/]+={1,2})?"""
_TEXT = rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xf4][\x80-\xbf]{1,3}){%d,}+" % MIN_DECODED_BYTES
_PERCENT = r"""(?a)[^\s"'<>&?#=;,\\%\[\]]*+%[0-9A-Fa-f]{2}[^\s"'<>&#;,\\\[\]]*+"""
_URL_SAFE = str.maketrans("-_", "+/", "\\= \t\n")


def mask_encoded(text: str, mask: Mask) -> str:
    """Return the text with each encoded run replaced that `mask` finds a secret in."""
    if "%" in text:
        text = re.sub(_PERCENT, partial(_unless_clean, mask, _from_percent), text)
    return re.sub(_BASE64, partial(_unless_clean, mask, _from_base64), text)


def _unless_clean(mask: Mask, decoded: Callable[[str], list[str]], run: re.Match[str]) -> str:
    return MARK if any(mask(each) != each for each in decoded(run[0])) else run[0]


def _from_percent(run: str) -> list[str]:
    return [unquote_plus(run)]


def _from_base64(run: str) -> list[str]:
    """The texts that it may stand for: what precedes it in its run may not be base64, so it may begin anywhere."""
    letters = run.translate(_URL_SAFE)
    found = []
    for begin in range(4):
        length = (len(letters) - begin) // 4 * 4
        left = letters[begin + length :]
        padded = letters[begin:] + "=" * (-len(left) % 4) if len(left) > 1 else letters[begin : begin + length]
        found += re.findall(_TEXT, base64.b64decode(padded))
    return [each.decode("utf-8", "replace") for each in found]
