r"""Text of several lines that stands inside other text: with `\n` for its line ends, or behind a prefix in a log.

What is recognized by its lines (a manifest, a YAML block, an environment entry) is found there, too.
"""

import re
from collections.abc import Callable

Mask = Callable[[str], str]

_BLOCK_LINE = r"""(?mx)^(?P<prefix>[^\n]{0,110}?[^\s+-][ \t]{0,9})
    (?: [\w.-]{1,63}:[ \t]*(?:[|>][-+\d]{0,2}|Secret(?:List)?) | (?:-\ )?name:[ \t]*[\w.-]{1,128} )[ \t]*$"""


def mask_folded(text: str, mask: Mask) -> str:
    """Return the text with what stands in it folded or prefixed masked, line for line."""
    if "\\n" in text:
        text = "\n".join(_unfolded(line, mask) for line in text.split("\n"))
    return _without_prefix(text, mask) if "\n" in text else text


def _unfolded(line: str, mask: Mask) -> str:
    for slashes in sorted({len(run) for run in re.findall(r"(?<!\\)(\\{1,8})n", line)}):
        end = "\\" * slashes + "n"
        line = mask(re.sub(rf"(?<!\\)\\{{{slashes}}}n", "\n", line)).replace("\n", end)
    return line


def _without_prefix(text: str, mask: Mask) -> str:
    """Mask lines that begin alike (a time, a name of a container) as if they did not."""
    first = re.search(_BLOCK_LINE, text)
    if first is None:
        return text
    alike = re.sub(r"\d", "0", first["prefix"])
    lines = text.split("\n")
    width = len(alike)
    if not all(re.sub(r"\d", "0", line[:width]) == alike for line in lines if line):
        return text
    bodies = mask("\n".join(line[width:] for line in lines)).split("\n")
    return "\n".join(line[:width] + body for line, body in zip(lines, bodies, strict=False) if line or body)
