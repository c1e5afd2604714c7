"""Secrets are taken out of every value at one boundary: before it is written to the journal.

The model, git, the logs and the terminal read the journal, so none of them sees what was masked here.
Objects are masked by their structure (Secrets, environment entries, kubeconfigs); text by two tables,
`SHAPES` (what a secret looks like) and `PAIRS` (how a name and its value are written). For a pair the
name decides: references such as `secretName` and counts such as `max_tokens` stay readable, for they are
what a diagnosis is made of.

Every pattern takes time linear in the text: a repetition is possessive or bounded, or starts where no
other can. Patterns are kept as text, and `re` compiles and keeps each at its first use, so that importing
this module is cheap.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MARK = "[redacted]"
MIN_LITERAL_LENGTH = 8
MAX_DEPTH = 64
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SECRET_KINDS = frozenset({"secret", "secrets", "secretlist"})
_SECRET_FIELDS = frozenset({"data", "stringData"})
_BLANKED_BELOW = {"auth-provider": frozenset({"config"}), "exec": frozenset({"value"})}  # in a kubeconfig

# --- names -----------------------------------------------------------------------------------------------

_MAX_NAME_LENGTH = 128
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

# Every alternative of _SECRET_WORD contains one of these.
_STEMS = (
    *("passw", "passphrase", "passcode", "_pass", "pwd", "secret", "token", "credential", "key", "dsn"),
    *("connection", "client-cert", "dockerc"),
)
_SECRET_WORD = r"""(?aix) passw(?:or)?d | passphrase | passcode | _pass(?![\w.-]) | pwd | secret | token(?!iz)
    | credential | (?:api|access|private|account|encryption|signing|master|storage)[_.-]?key
    | (?<![a-z0-9])dsn(?![\w.-]) | connection[_.-]?string | client-(?:key|certificate)-data
    | dockerc(?:onfigjson|fg)"""
_PUBLIC_NAME = r"""(?aix)
    (?: names? | refs? | files? | filename | path | dir | directory | mount | type | kind | class | store
      | provider | policy | namespace | version | count | length | size | limit | budget | usage | list
      | seconds | minutes | hours | expiry | expiration | expires | lifetime | ttl | rotation | enabled
      | disabled | required | optional | ur[li] | endpoint | issuer | audiences? | status | state | reason
      | stdin | generator | field | header | prefix | format | algorithm | review | requests? )$
    | [_.-](?:id|at)$ | (?-i:Id|At)$
    | ^(?:secrets|tokens)$ | pull_?secrets?$ | existing_?secret$ | ^automount | service_?account_?token$
    | (?:next|page|continue|continuation|resume|sync)[_-]?token$ | (?-i:^(?:OLD)?PWD$)
    # a file of the workspace, named after an object
    | ^[\w.-]+/(?:[\w.-]+/)*[\w.-]+\.(?:log|yaml)$
    # an object's name, such as token-service-7d9f
    | (?-i:^(?:[a-z0-9][a-z0-9.-]*[.-])?(?:secret|token|password|credential)s?
           -(?!key|value|data|string|access|hash|secret|token|password)[a-z0-9.-]+$)"""
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_COUNTED_NAME = r"(?i)(?:token|secret|credential)s$"
_PASSWORD_NAME = r"(?i)passw|pwd|passphrase|passcode"


def is_secret_name(name: str) -> bool:
    """Whether the value under this name (a field, an environment variable, a flag) is a secret.

    References to a secret (`secretKeyRef`), properties of one (`tokenExpirationSeconds`), paging tokens
    and names of objects (`token-service-7d9f`) are not. Only the last 128 characters count.
    """
    return _is_secret_name(name[-_MAX_NAME_LENGTH:])


@lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    if not re.search(_SECRET_WORD, name):
        return name.lower() in _SECRET_HEADERS
    return not re.search(_PUBLIC_NAME, name)


# --- values ----------------------------------------------------------------------------------------------

_HARMLESS = r"""(?aix)(?: true | false | null | nil | none | ~ | \d+\ bytes | -{1,3} | \*+ | \[redacted\]
    | <(?:none|nil|unset|unknown|empty)> | <set\ to\ the\ key\ [^\n]{0,300}
    | \$\{[\w.:-]+\} | \$\([\w.]+\) | \$?\{\{[^{}\n]*\}\}
    | (?: /(?:var|run|etc|mnt|opt|home|tmp|secrets|vault) | ~ | \$HOME )/[\w./-]* )"""
_HARMLESS_WORD = rf"""{_HARMLESS}(?=[\s,;"')}}\]\\]|\Z)"""
_MAX_HARMLESS_LENGTH = 400
_PROSE = r"""(?aix)
    (?: is | are | was | were | has | not | must | should | cannot | can't | could | unable | failed | failure
      | invalid | expired | missing | required | denied | forbidden | unauthorized | unauthenticated | unknown
      | rejected | revoked | malformed | empty | unset | unsupported | incorrect | unexpected | already | eof
      | flag | string )(?=[\s,.;:)"'\\]|\Z)
    | (?: no\ such | context\ deadline | permission\ denied | access\ denied | connection\ refused )\b
    | dial\ tcp | rpc\ error | illegal\ base64 | (?:get|post)\ \\?"http | open\ /"""


def _is_secret(name: str, value: str) -> bool:
    if not value or not is_secret_name(name) or re.fullmatch(_HARMLESS, value):
        return False
    return not (value.isdecimal() and re.search(_COUNTED_NAME, name))


# --- text: the shapes of secrets -------------------------------------------------------------------------


class Shape(NamedTuple):
    """A secret that is known by its own form; tried when one of `hints` is in the lower-cased text."""

    name: str
    hints: tuple[str, ...]
    pattern: str
    replacement: str = MARK

    def mask(self, text: str, lowered: str) -> str:
        """Return the text with each secret of this shape replaced."""
        for hint in self.hints:
            if hint in lowered:
                return re.sub(self.pattern, self.replacement, text)
        return text


_KEPT = rf"\g<1>{MARK}"
SHAPES = (
    Shape(
        "private key",
        ("-----begin",),
        r"""(?x)-----BEGIN[A-Z0-9 ]{0,40}\ PRIVATE\ KEY(?:\ BLOCK)?-----
            (?: (?:(?!-----(?:BEGIN|END))[\s\S])*+ -----END[A-Z0-9 ]{0,60}-----
              | (?:\n?[^\n]{0,200}?[A-Za-z0-9+/]{32}[^\n]*+)*+ (?:\s{0,9}[A-Za-z0-9+/=]+\s*\Z)? )""",
    ),
    Shape("JWT", ("eyj",), r"(?a)(?:(?<![\w-])|(?<=\\[nrt]))eyJ[\w-]{8,}+(?:\.[\w-]{2,}+){1,4}"),
    Shape(
        "authorization header",
        ("authorization",),
        r"""(?aix)(authorization\\*+["']?\s?[:=]\s?\\*+["']?
            (?:(?:bearer|basic|token|digest|negotiate)\s|(?=\S{0,63}\d)))[\w.~+/=-]{4,}+""",
        _KEPT,
    ),
    Shape("cookie", ("cookie: ",), r"""(?ai)(\bcookie: )(?!\[redacted\])[^\r\n"'\\]+""", _KEPT),
    Shape("bearer token", ("bearer ",), r"(?ai)\b(bearer )(?=\S{0,63}\d)[\w.~+/-]{16,}+=*", _KEPT),
    Shape(
        "basic credentials",
        ("basic ",),
        r"\b((?i:basic) )(?=[A-Za-z0-9+/]{0,63}[a-z0-9][A-Z])[A-Za-z0-9+/]{8,}+={0,2}",
        _KEPT,
    ),
    Shape(
        "password in a URL",
        ("://",),
        r"""(?x)(?<=://)([^\s/:"'<>\[]{0,256}+:)(?!\d{1,5}(?:[\s/?#"',;)\]}\\]|\Z))(?!\[redacted\]@)
            (?:[^\s"<>/]+|[^\s"<>]{1,128})@(?!sha(?:256|512):)""",
        rf"\g<1>{MARK}@",
    ),
    Shape("token in a URL", ("://",), r"(?a)(?<=://)[\w-]{20,}+@(?!sha(?:256|512):)", f"{MARK}@"),
    Shape("Oracle JDBC", ("jdbc:oracle",), r"(jdbc:oracle:\w{1,9}:[^/\s:]{1,64}/)[^@\s]+@", rf"\g<1>{MARK}@"),
    Shape(
        "signed URL",
        ("sig=", "signature="),
        r"""(?ai)((?:\b|-)sig(?:nature)?=)(?!\[redacted\])[^&\s"';,\\]+""",
        _KEPT,
    ),
    Shape("AWS key id", ("akia", "asia"), r"(?a)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    Shape(
        "GitHub, npm, Docker token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "npm_", "dckr_pat_"),
        r"""(?ax)gh[pousr]_[A-Za-z0-9]{20,} | github_pat_\w{20,} | npm_[A-Za-z0-9]{30,} | dckr_pat_[\w-]{20,}""",
    ),
    Shape(
        "GitLab, Slack, Vault, OpenShift token",
        ("glpat-", "xox", "xapp-", "hvs.", "hvb.", "sha256~"),
        r"""(?ax)\b(?: glpat-[\w-]{16,} | xox[abeoprs]-[\w-]{8,} | xapp-[\w-]{16,} | hv[sb]\.[\w-]{20,}
            | sha256~[\w-]{20,} )""",
    ),
    Shape(
        "Stripe, Anthropic, OpenAI, Google key",
        ("k_live_", "k_test_", "sk-", "aiza", "ya29."),
        r"""(?ax)\b(?: [sr]k_(?:live|test)_[A-Za-z0-9]{10,} | AIza[\w-]{30,} | ya29\.[\w-]{20,}
            | (?<!-)sk-(?:(?:ant|proj|svcacct|admin|or)-[\w-]{16,} | [A-Za-z0-9]{32,}) )""",
    ),
    Shape(
        "webhook URL",
        ("hooks.slack.com/", "webhook.office.com/"),
        r"""(hooks\.slack\.com/|webhook\.office\.com/)(?!\[redacted\])[^\s"'<>\\]+""",
        _KEPT,
    ),
    Shape("registry auth", ('auth"', 'auth\\"'), r'("auth\\*+"\s{0,9}:\s{0,9}\\*+")[\w+/]{12,}+={0,2}', _KEPT),
)

# --- text: names and their values ------------------------------------------------------------------------


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
        if not _is_secret(match["name"], match[value]) or (value == "bare" and self._spares(match)):
            return head, match.start(value)
        return head + MARK + text[match.end(value) : match.end()], match.end()

    def _spares(self, match: re.Match[str]) -> bool:
        start = match.start("bare")
        after = match.string[start : start + _MAX_HARMLESS_LENGTH]
        harmless = self.start == "name" and re.match(_HARMLESS_WORD, after)
        return bool(harmless or (self.prose and re.match(_PROSE, after)))


_NAME = r"(?P<name>[\w.-]++)"
_QUOTED = r"""(?P<quote>\\{0,7}["'`])(?P<quoted>.*?)(?:(?<!\\)(?P=quote)|$)"""
_BARE = r"""(?!\[redacted\])(?P<bare>(?: [^\s,;&"'`)}\]\\] | \\(?!["'`])
    | [,;&](?!\s|["'\\]|$|[\w.-]{1,40}[=:]) | [)}\]](?![\s,;.)}\]"'\\]|$) )++)"""
_BLOCK = r"[|>][-+\d]{0,2}[ \t]*(?:\n[+-]?(?P=lead)[ \t]+[^\n]*+|\n[ \t]*(?=\n))++"
_REST = r"[^\r\n]*?(?=[ \t]+[\w.-]{1,64}=|\r?$)"
PAIRS = (
    Pair(
        "environment entry",
        "entry",
        "",
        rf"""(?aimx)(?:name|key)\\*+["']?[ \t:=]++\\*+["']?{_NAME}\\*+["']?
            (?:[\s,]*\n[+-]?(?P<lead>[ \t]*)|[\s,-]*)\\*+["']?value\\*+["']?(?:[ \t]*+[:=][ \t]*+|[ \t]++)
            (?:{_QUOTED}|(?P<bare>{_BLOCK}|(?!\[redacted\])[^\s,}}][^\r\n]*+))""",
    ),
    Pair(
        "YAML line",
        "line",
        ":",
        rf"""(?aimx)[+-]?(?P<lead>[ \t]*)(?:-\ )?["']?{_NAME}["']?[ \t]*+:[ \t]++
            (?: (?P<quote>["'])(?P<quoted>.+)(?P=quote)
              | (?P<bare>{_BLOCK}|(?!\[redacted\])[^\s"'\[{{]{_REST}) )""",
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
    for stem in _STEMS:
        at = lowered.find(stem)
        while at >= 0:
            before = text[max(0, at - _MAX_NAME_LENGTH) : at]
            starts.add(at - len(before) + len(before.rstrip(_NAME_CHARACTERS)))
            at = lowered.find(stem, at + len(stem))
    return sorted(start for start in starts if _names_secret(text, start))


def _names_secret(text: str, start: int) -> bool:
    if start > 0 and text[start - 1] in _NAME_CHARACTERS:
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


def _mask_pairs(text: str, lowered: str) -> str:
    parts, done = [], 0
    pairs = [pair for pair in PAIRS if pair.sign in text]
    for name_at in _name_starts(text, lowered):
        found = _mask_pair(text, pairs, name_at, done) if name_at >= done else None
        if found:
            start, replacement, end = found
            parts += [text[done:start], replacement]
            done = end
    return "".join([*parts, text[done:]])


# --- text: manifests of Secrets --------------------------------------------------------------------------

_LINE_END = r"(?<=\n)"
_YAML_DOCUMENT_START = r"(?m)^(?=[+ -]?---[ \t]*\r?$)"
_YAML_SECRET = r"""(?m)^[ \t+-]*kind:[ \t]*["']?Secret(?:List)?["']?[ \t]*\r?$"""
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
    return f"{entry[0]} {MARK}\n" if entry and is_entry else ""


def _mask_yaml_flow(data: re.Match[str]) -> str:
    if data[2] in (None, "{}", "null", MARK):
        return data.string
    return f"{data.string[: data.start(2)]}{MARK}\n"


def _mask_manifests(text: str) -> str:
    """Mask the data of Secrets written as JSON (also inside a JSON string) and as YAML (also in a diff)."""
    if re.search(_JSON_SECRET, text):
        text = re.sub(_JSON_DATA, _mask_json_data, text)
    if not re.search(_YAML_SECRET, text):
        return text
    return "".join(
        "".join(_mask_yaml_data(re.split(_LINE_END, document))) if re.search(_YAML_SECRET, document) else document
        for document in re.split(_YAML_DOCUMENT_START, text)
    )


# --- values ----------------------------------------------------------------------------------------------

_BASE64_AUTH = r"[A-Za-z0-9+/]{12,}={0,2}"
_PLAIN = re.compile(r"[\w./ -]{0,15}")  # too short for a token, and neither "=", ":" nor "--" in it
_ASCII_LOWER = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _lower(text: str) -> str:
    """Lower the case of ASCII letters, so that positions stay what they were."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def _blank(value: JsonValue) -> JsonValue:
    """Mask a value, of an object each member; null stays, for in a patch it means deletion."""
    if isinstance(value, dict):
        return {key: None if member is None else MARK for key, member in value.items()}
    return None if value is None else MARK


def _label(value: dict[str, JsonValue]) -> str:
    """Return what names the member `value` of an environment entry, a parameter or a JSON patch."""
    path = value.get("path")
    label = value.get("name") or value.get("key") or (path.rsplit("/", 1)[-1] if isinstance(path, str) else "")
    return label if isinstance(label, str) else ""


def _patches(value: dict[str, JsonValue], fields: frozenset[str]) -> bool:
    """Whether this is an operation of a JSON patch on one of these top-level fields."""
    path = value.get("path")
    return isinstance(path, str) and path.lstrip("/").split("/")[0] in fields


def _follows_flag(flag: JsonValue, item: JsonValue) -> bool:
    """Whether an item of an argument list is the secret value of the flag before it."""
    if not isinstance(flag, str) or not isinstance(item, str):
        return False
    return flag.startswith("--") and "=" not in flag and not item.startswith("-") and _is_secret(flag, item)


def _hides(name: str, value: JsonValue) -> bool:
    if isinstance(value, str):
        return _is_secret(name, value) or (name == "auth" and bool(re.fullmatch(_BASE64_AUTH, value)))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return is_secret_name(name) and bool(re.search(_PASSWORD_NAME, name))


class _Place(NamedTuple):
    """Where in a value the walk stands: how deep, and which members are masked whatever they hold."""

    depth: int = 0
    blanked: frozenset[str] = frozenset()

    def below(self, blanked: frozenset[str] = frozenset()) -> "_Place":
        return _Place(self.depth + 1, self.blanked | blanked)


class Redactor:
    """Masks secrets in JSON values and text.

    `literals` are secret values that the process knows (its bearer token, its API key); they are masked
    wherever they occur. Those shorter than 8 characters are ignored, for they would mask ordinary words.
    """

    def __init__(self, literals: Iterable[str] = ()) -> None:
        known = {literal.strip() for literal in literals}
        usable = [word for word in known if len(word) >= MIN_LITERAL_LENGTH and word not in MARK]
        self._literals = tuple(sorted(usable, key=lambda word: (-len(word), word)))

    def __repr__(self) -> str:
        return f"Redactor({len(self._literals)} literals)"

    def text(self, text: str) -> str:
        """Return the text with every secret in it replaced by `MARK`."""
        for literal in self._literals:
            text = text.replace(literal, MARK)
        if _PLAIN.fullmatch(text) and "--" not in text:
            return text
        lowered = _lower(text)
        if "secret" in lowered and "kind" in lowered:
            text = _mask_manifests(text)
        for shape in SHAPES:
            text = shape.mask(text, lowered)
        return _mask_pairs(text, _lower(text))

    def redact(self, value: JsonValue) -> JsonValue:
        """Return a copy of a JSON value with every secret in it replaced by `MARK`.

        The value itself is not changed. Objects and arrays nested deeper than 64 levels are masked whole.
        """
        return self._value(value, _Place())

    def _value(self, value: JsonValue, place: _Place) -> JsonValue:
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, dict | list):
            return value
        if place.depth >= MAX_DEPTH:
            return MARK
        return self._mapping(value, place) if isinstance(value, dict) else self._items(value, place)

    def _mapping(self, value: dict[str, JsonValue], place: _Place) -> dict[str, JsonValue]:
        kind = value.get("kind")
        is_secret = isinstance(kind, str) and kind.lower() in _SECRET_KINDS
        inside = place.below(_SECRET_FIELDS if is_secret else frozenset())
        if _patches(value, inside.blanked):
            inside = inside.below(frozenset({"value"}))
        label = _label(value)
        return {
            self._key(key): self._member(label if key == "value" else key, key, member, inside)
            for key, member in value.items()
        }

    def _member(self, name: str, key: str, member: JsonValue, place: _Place) -> JsonValue:
        if key in place.blanked:
            return _blank(member)
        if _hides(name, member):
            return MARK
        if key == LAST_APPLIED and isinstance(member, str):
            return self._embedded(member, place)
        if isinstance(member, list) and is_secret_name(name):
            return [MARK if isinstance(item, str) else self._value(item, place.below()) for item in member]
        return self._value(member, place.below(_BLANKED_BELOW.get(key, frozenset())))

    def _embedded(self, text: str, place: _Place) -> str:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return MARK
        redacted = self._value(value, place.below())
        return text if redacted == value else json.dumps(redacted, ensure_ascii=False, separators=(",", ":"))

    def _items(self, value: list[JsonValue], place: _Place) -> list[JsonValue]:
        inside = place.below()
        before: list[JsonValue] = [None, *value]
        return [
            MARK if _follows_flag(flag, item) else self._value(item, inside)
            for flag, item in zip(before, value, strict=False)
        ]

    def _key(self, key: str) -> str:
        return self.text(key) if len(key) >= MIN_LITERAL_LENGTH else key
