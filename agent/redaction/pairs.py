"""Names and their values in text: `password=...`, `token: ...`, `--api-key ...`, environment entries."""

import re
from typing import Literal, NamedTuple

from agent.redaction.names import MARK, MAX_NAME_LENGTH, STEMS, is_secret, is_secret_name
from agent.redaction.references import goes_on_in_prose, starts_with_a_reference

_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"


class Pair(NamedTuple):
    """A way to write a name and its value, matched at the name, at its line's start or at its `name:`.

    No text without `sign` holds such a pair. The pattern's groups: `name`; the value as `quoted` or `bare`.
    Where `prose` is set, a bare value may be the rest of a sentence (`token: expired`), which is kept. After a
    plain lower-case name a colon counts only with a blank behind it: `token-service:8080` is an address.
    """

    name: str
    start: Literal["entry", "line", "name"]
    sign: str
    pattern: str
    prose: bool = False

    def mask(self, text: str, start: int) -> tuple[str, int] | None:
        """Return what replaces the text from `start`, and the end of that text; None without such a pair.

        A value that is no secret is not part of that text: it may hold pairs itself.
        """
        match = re.compile(self.pattern).match(text, start)
        if match is None:
            return None
        value = "bare" if match["quoted"] is None else "quoted"
        head = text[start : match.start(value)]
        if not is_secret(match["name"], match[value]) or (value == "bare" and self._spares(match)):
            return head, match.start(value)
        return head + MARK + text[match.end(value) : match.end()], match.end()

    def _spares(self, match: re.Match[str]) -> bool:
        start = match.start("bare")
        if self.start == "name" and starts_with_a_reference(match.string, start):
            return True
        if self.prose and (_speaks_of_the_name(match) or goes_on_in_prose(match.string, start)):
            return True
        if _is_expanded(match) or _is_a_key_in_a_store(match):
            return True
        return _names_an_object(match) or (self.name == "name=value" and _names_itself(match))


# `Secret: db-credentials`: the kind and the name of an object, or the words of a remedy; `pass: 3 of 4`.
_OBJECT = r"(?a)[a-z][a-z./-]*(?=[\s,;:)]|\Z)"
_BEFORE_A_NAME = r"""(?x)(?:\b(?i:no|without|missing|lacks)\s | \bchecksum/ | \bvolume\s\\*["']
    | \b(?:Secret | (?i:pod|deployment|statefulset|daemonset|replicaset|cronjob|job|configmap|service|ingress
            |container|serviceaccount|namespace|node|route))[\ /](?:[a-z0-9-]{1,63}/)?)$"""
_MADE_UP = r"(?a)(?=[^\s]*[a-zA-Z])(?=[^\s]*[\d!@$%^&*])(?!Test)"


def _names_an_object(match: re.Match[str]) -> bool:
    start = match.start("bare")
    after = match.string[start : start + 64]
    if match["name"].lower() == "pass":
        return re.match(_MADE_UP, after) is None
    return match["name"].rpartition(".")[2] == "Secret" and re.match(_OBJECT, after) is not None


def _is_expanded(match: re.Match[str]) -> bool:
    """Whether a shell names a variable here, with no value of its own: `${DB_PASSWORD:?is not set}`."""
    return match.string[: match.start("name")][-2:] == "${" and match["bare"][0] in "?}"


def _is_a_key_in_a_store(match: re.Match[str]) -> bool:
    """Whether an ExternalSecret says under which key it puts a value: `secretKey` beside `remoteRef`."""
    around = match.string[max(0, match.start() - 200) : match.end() + 100]
    return match["name"] == "secretKey" and "remoteRef:" in around


def _speaks_of_the_name(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 80) : match.start()]
    return re.search(_BEFORE_A_NAME, before) is not None


def _names_itself(match: re.Match[str]) -> bool:
    """Whether code hands on a variable: `password=password`, `self.token = token`."""
    return match["name"].islower() and match["name"].rpartition(".")[2] == match["bare"]


_NAME = r"(?P<name>[\w.-]++)"
_QUOTED = r"""(?P<quote>\\{0,7}["'`])(?P<quoted>.*?)(?:(?<!\\)(?P=quote)|$)"""
_BARE = r"""(?!\[redacted\])(?P<bare>[\w.]++[(\[]\\{0,7}["'][^\n]*+ | (?: [^\s,;&"'`)}\]\\] | \\(?!["'`])
    | [,;&](?!\s|["'\\]|$|[\w.-]{1,40}[=:]) | [)}\]](?![\s,;.)}\]"'\\]|$) )++)"""
_BLOCK = r"[|>][-+\d]{0,2}[ \t]*(?:\n[+-]?(?P=lead)[ \t]+[^\n]*+|\n[ \t]*(?=\n))++"
_INDENTED = r"[|>][-+\d]{0,2}[ \t]*(?:\n[ \t]+[^\n]*+|\n[ \t]*(?=\n))++"
_REST = r"[^\r\n]*?(?=[ \t]+[\w.-]{1,64}=|\r?$)"
BLOCKS = (
    Pair(
        "environment entry",
        "entry",
        "",
        rf"""(?aimx)(?:name|key)\\*+["']?[ \t:=]++\\*+["']?{_NAME}\\*+["']?
            (?:[\s,]*\n[+-]?(?P<lead>[ \t]*)|[\s,-]*)\\*+["']?value\\*+["']?(?:[ \t]*+[:=][ \t]*+|[ \t]++)
            (?:{_QUOTED}|(?P<bare>{_BLOCK}|(?!\[redacted\])[^\s,}}][^\r\n]*+))""",
    ),
    Pair(
        "YAML block",
        "line",
        ":",
        rf"""(?aimx)[+-]?(?P<lead>[ \t]*)(?:-\ )?["']?{_NAME}["']?[ \t]*+:[ \t]++
            (?:(?P<quoted>(?!))|(?P<bare>{_BLOCK}))""",
    ),
    Pair(
        "YAML block in a line",
        "name",
        ":",
        rf"""(?aimx){_NAME}["']?[ \t]*+:[ \t]++(?:(?P<quoted>(?!))|(?P<bare>{_INDENTED}))""",
    ),
)
PAIRS = (
    *BLOCKS,
    Pair(
        "YAML line",
        "line",
        ":",
        rf"""(?aimx)[+-]?(?P<lead>[ \t]*)(?:-\ )?["']?{_NAME}["']?[ \t]*+:[ \t]++
            (?: (?P<quote>["'])(?P<quoted>.+)(?P=quote)
              | (?P<bare>(?!\[redacted\])[^\s"'\[{{]{_REST}) )""",
        prose=True,
    ),
    Pair(
        "environment line",
        "line",
        "=",
        rf"""(?aimx)[+-]?[ \t]*+(?:export\ |declare\ -x\ )?{_NAME}=(?![=>])
            (?:(?P<quoted>(?!))|(?P<bare>(?!\[redacted\])[^\s"']{_REST}))""",
    ),
    Pair(
        "XML element",
        "name",
        ">",
        rf"""(?aix){_NAME}>(?:(?P<quoted>(?!))|(?P<bare>(?!\[redacted\])[^<>\r\n]++)</)""",
    ),
    Pair(
        "flag",
        "name",
        "--",
        rf"""(?aimx)(?=--){_NAME}(?>\\*+["']?[ \t]*+,[ \t]*+|[ \t]*+\n[ \t+]*+-[ ]|[ \t]++)
            (?:{_QUOTED}|(?![-:=]){_BARE})""",
        prose=True,
    ),
    Pair(
        "a variable's default",
        "name",
        "",
        rf"""(?aimx)(?:(?<=get\(["'])|(?<=env\(["'])|(?<=environ\[["'])|(?<=ENV\[["'])){_NAME}["']
            (?:\s*,\s*|\s*[\])]\s*(?:or|\|\||\?\?)\s*)(?:{_QUOTED}|(?P<bare>(?!)))""",
    ),
    Pair(
        "name=value",
        "name",
        "=",
        rf"""(?aimx){_NAME}\\*+["'`]?(?>[ \t]++(?:=>|:=|={{1,3}}+)[ \t]++|=>|:=|={{1,3}}+)(?:{_QUOTED}|{_BARE})""",
    ),
    Pair(
        "name: value",
        "name",
        ":",
        rf"""(?aimx)(?>(?P<plain>(?!password:)(?-i:(?=[a-z0-9.-]++(?!\w))))?){_NAME}
            (?:\\*+["'`][ \t]*+:[ \t]*+|[ \t]*+:(?(plain)[ \t]++|[ \t]*+))(?!=)(?:{_QUOTED}|(?![\[{{]){_BARE})""",
        prose=True,
    ),
)

_LINE_LEAD = r"""(?:[+-]?[ \t]*(?:- )?["']?|[+-]?[ \t]*(?:export |declare -x ))\Z"""
_ENTRY_LEAD = r"""(?ai)(?<![\w.])(?:name|key)\\{0,7}["']?[ \t:=]{1,9}\\{0,7}["']?\Z"""
_LEAD_LENGTH = 80


def _name_starts(text: str, lowered: str) -> list[int]:
    """Find where the names begin whose values are secrets, in order."""
    starts = set()
    for stem in STEMS:
        at = lowered.find(stem)
        while at >= 0:
            before = text[max(0, at - MAX_NAME_LENGTH) : at]
            start = at - len(before) + len(before.rstrip(_NAME_CHARACTERS))
            starts.add(start + (start < at and text[start - 1 : start] == "\\" and text[start] in "nrt"))
            at = lowered.find(stem, at + len(stem))
    return sorted(start for start in starts if _names_secret(text, start))


def _names_secret(text: str, start: int) -> bool:
    if start > 0 and text[start - 1] in _NAME_CHARACTERS and text[start - 2 : start - 1] != "\\":
        return False
    name = re.compile(r"[A-Za-z0-9_.-]++").match(text, start)
    return name is not None and is_secret_name(name[0])


def _starts(text: str, name_at: int) -> dict[str, int]:
    """Find where a pair may start whose name is at `name_at`."""
    window = text[max(0, name_at - _LEAD_LENGTH) : name_at]
    line = window.rpartition("\n")[2]
    starts = {"name": name_at}
    if (len(line) < len(window) or len(line) == name_at) and re.match(_LINE_LEAD, line):
        starts["line"] = name_at - len(line)
    entry = re.search(_ENTRY_LEAD, window)
    if entry:
        starts["entry"] = name_at - len(window) + entry.start()
    return starts


def _mask_pair(text: str, pairs: list[Pair], name_at: int, done: int) -> tuple[int, str, int] | None:
    """Return the start of the pair at a name, what replaces it, and its end; None where there is no pair."""
    starts = _starts(text, name_at)
    for pair in pairs:
        start = starts.get(pair.start, -1)
        found = pair.mask(text, start) if start >= done else None
        if found:
            return start, *found
    return None


def mask_pairs(text: str, lowered: str, among: tuple[Pair, ...] = PAIRS) -> str:
    """Return the text with the values of secret names replaced; `lowered` is the text in lower case."""
    parts, done = [], 0
    pairs = [pair for pair in among if pair.sign in text]
    for name_at in _name_starts(text, lowered):
        found = _mask_pair(text, pairs, name_at, done) if name_at >= done else None
        if found:
            start, replacement, end = found
            parts += [text[done:start], replacement]
            done = end
    return "".join([*parts, text[done:]])
