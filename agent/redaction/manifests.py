"""Manifests of Secrets in text: as YAML (also in a diff) and as JSON (also inside a JSON string)."""

import re
from collections.abc import Iterable, Iterator

from agent.redaction.names import MARK
from agent.redaction.references import stands_for_a_secret

_LINE_END = r"(?<=\n)"
_YAML_DOCUMENT_START = r"(?m)^(?=[+ -]?---[ \t]*\r?$)"
_YAML_SECRET = r"""(?m)(?<![\w.])(?<!\w-)kind:[ \t]*["']?Secret(?:List)?["']?[ \t]*\r?$"""
_YAML_DATA = r"""([ \t+-]*)["']?(?:data|stringData)["']?:[ \t]*(\S[^\r\n]*)?"""
_YAML_ENTRY = r"""([ \t+-]*)((?:"[^"\n]*"|'[^'\n]*'|[\w.-]+)[ \t]*:)(?=[ \t\r\n]|\Z)"""
_JSON_SECRET = r""""kind\\*+"\s{0,9}:\s{0,9}\\*+"Secret(?:List)?\\*+\""""
_JSON_DATA = r"""(?sx)(?P<head>(?<!\\)(?P<slashes>\\+)?"(?:data|stringData)\\*+"\s{0,9}:\s{0,9})
    {(?P<body>(?(slashes)[^{}]*+|(?:"(?:[^"\\]|\\.)*+(?:"|\Z)|[^"{}])*+))}?"""


def _mask_json_data(match: re.Match[str]) -> str:
    quote = f'{match["slashes"] or ""}"'
    keys = re.findall(rf"(?<!\\){re.escape(quote)}([-.\w]+){re.escape(quote)}\s*:", match["body"])
    return match["head"] + "{" + ",".join(f"{quote}{key}{quote}:{quote}{MARK}{quote}" for key in keys) + "}"


def _mask_yaml_data(lines: Iterable[str]) -> Iterator[str]:
    """Mask the entries below `data:` and `stringData:`; further lines of a value are left out."""
    outer: int | None = None
    inner: int | None = None
    for line in lines:
        column = len(line) - len(line.lstrip(" \t+-"))
        if outer is not None and (column > outer or not line.strip()):
            inner = column if inner is None else inner
            yield _mask_yaml_entry(line, column <= inner)
            continue
        data = re.match(_YAML_DATA, line)
        outer, inner = (column if data else None), None
        yield line if data is None else _mask_yaml_flow(data)


def _mask_yaml_entry(line: str, is_entry: bool) -> str:
    entry = re.match(_YAML_ENTRY, line)
    if entry and is_entry and stands_for_a_secret(line[entry.end() :].strip().strip("\"'")):
        return line
    return f"{entry[0]} {MARK}\n" if entry and is_entry else ""


def _mask_yaml_flow(data: re.Match[str]) -> str:
    if data[2] in (None, "{}", "null", MARK):
        return data.string
    return f"{data.string[: data.start(2)]}{MARK}\n"


def mask_manifests(text: str) -> str:
    """Mask the data of Secrets written as JSON (also inside a JSON string) and as YAML (also in a diff)."""
    if re.search(_JSON_SECRET, text):
        text = re.sub(_JSON_DATA, _mask_json_data, text)
    if not re.search(_YAML_SECRET, text):
        return text
    return "".join(
        "".join(_mask_yaml_data(re.split(_LINE_END, document))) if re.search(_YAML_SECRET, document) else document
        for document in re.split(_YAML_DOCUMENT_START, text)
    )
