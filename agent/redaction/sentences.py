"""Passwords in plain words: how people tell one another a password, in English and in German.

A sentence is read around each word for a secret (`password`, `api key`, `Kennwort`): a link behind the word
(`is`, `to`, nothing at all), or `as` before it, and a value. Whether the value is a password depends on how surely
the sentence announces one: `the password is swordfish` does, `password authentication failed` does not. Words that
say where a password is, or how it is, are no passwords.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.redaction.names import MARK
from agent.redaction.references import stands_for_a_secret
from agent.redaction.words import describes, is_number, is_odd, is_random, is_word, speaks_about_passwords

_STEMS = (
    *("pass", "pw", "kennw", "token", "key", "schlüssel", "secret", "geheimnis"),
    *("login", "log in", "log-in", "logon", "credential", "creds", "user", "benutzer", "zugang", "anmelde"),
)
_EDGE = r"(?:(?<![\w.-])|(?m:(?<=^-)))"  # no word before; in a diff a "-" is none
_NOUN = rf"""(?ix)(?:
      (?P<password> pass(?:wor[dt]|[\ -]?phrase|[\ -]?code)s? | passwd | passwörter | kenn(?:wort|wörter)
        | {_EDGE}(?:pw|pwd) )
    | (?P<token> token | (?:api|access|account|encryption|signing|master|storage|license)[\ -]key | api-?schlüssel
        | (?<=client\ )secret | (?<!existent\ )secret\ (?:access\ )?key )
    | (?P<secret> (?<![\w-])(?:secret|geheimnis) )
    | (?P<login> {_EDGE}(?: log[\ -]?in | logon | credentials? | creds | user(?:name)? | zugangsdaten | anmeldedaten
        | benutzer(?:name)? ))
    )(?!\w)(?!-\w)"""
_PAIRED = r"""(?as)\w+\\{0,3}["'`]?\s*[:=](?!>).*"""  # a name in one word and its value are a pair

_VALUE = r"""(?:(?P<quote>\\{0,7}["'`])(?P<quoted>(?:(?!(?P=quote))[^\n]){1,500})
    | [„“«‚](?P<between>[^“”»‘\n]{1,500})
    | (?P<bare>(?!\[redacted\])[^\s"'`<>(\\](?:[^\s"'`\\]|["'`](?=\w)|\\(?![nrt"'`\\])){0,200}))"""
_MAX_VALUE = 200
_QUALIFIER = r"""(?:\ +(?:for|of|on|in|to|at|from|by|used|that|which|you|we|i|für|von|vom|zu[rm]|de[rs]|im|auf|bei)
    (?:[ \t]+[^\s;:!?"`]{1,60}(?<![.,])){1,8}?)?"""
_IS = r"""\s+(?: is | was | are | being | equals | reads | (?:should|must|will)\s+be
        | ist | lautet | war | heißt | heisst | sind | lauten | soll )
    (?:\s+(?:now|still|currently|just|simply|nun|jetzt|noch))?\s*:?\s+"""
_SIGN = r"\s*(?:[:=]|->|=>|→)\s*"
_LINKS = (
    # `set the password to X, for the old one is wrong`
    rf"(?ix)(?P<is>(?!))?(?P<sign>(?!))?(?P<to>\s+(?:to|auf)\s+){_VALUE}",
    rf"""(?ix)["'`*)]{{0,2}}(?:
        (?P<is>{_QUALIFIER}{_IS}) | (?P<sign>{_SIGN}) | (?P<to>{_QUALIFIER}\s+(?:to|auf)\s+(?:be\s+)?)
        | (?P<bracket>\s*\((?![a-z_]+=)) | (?P<blank>\s+) ){_VALUE}""",
)
_PHRASE = rf"""(?ix){_QUALIFIER}(?:{_IS}|{_SIGN})
    (?P<words>\w{{2,20}}(?:[\ -]\w{{2,20}}){{2,11}}+)(?=[.,;!?\"'\\]|\s*$|\s*\n)"""
_GRAMMAR = (
    r"(?i)\b(?:to|of|the|for|not|in|with|is|by|from|and|or|be|no|on|too|nicht|d(?:er|ie|as)|zu|aus|im|mit|und)\b"
)
_MORE = rf"(?ix)(?:\s*,|\s+(?:and|und|or|oder)|\s*/)\s*{_VALUE}"

_ARTICLE = r"(?:the|a|an|its|his|her|their|my|our|your|das|dem|ein|einem|sein|ihr|mein|unser|new|neue[smn]?)"
_USER_WORD = r"(?:user(?:name)?|login|account|benutzer(?:name)?|machine)"
_WITH = rf"""(?ix)(?:^|[\s(,;])(?:with|using|use|mit|by|per|and|und|nimm|take|give)
    (?:\s+{_ARTICLE}){{0,2}}(?:\s+[\w-]{{1,20}})?[\s-]*$"""
_WITH_SURELY = rf"(?ix)(?:^|[\s(,;])(?:with|using|use|mit|nimm)(?:\s+{_ARTICLE}){{0,2}}\s+$"
_BEHIND_USER = rf"""(?ix){_USER_WORD}\s*[:=]?\s+(?!(?:and|or|und|oder)\b)["'`]?[\w.@\\-]{{1,64}}["'`]?
    \s*(?:[,;/&]\s*)?(?:(?:and|und|with|mit)\s+)?(?:(?:the|a|his|her|its|dem|das)\s+)?$"""
_BEFORE_USER = rf"(?ix)\s*(?:,|and|und|/)?\s*\b{_USER_WORD}\b"
_CHANGE = r"(?ix)\b(?:set|sets|change|changed?|reset|update|rotate|make|setze?|ändere?|stelle)\b[^.;\n]{0,100}$"
_USE = r"""(?i)\b(?:use|take|nimm|set|try)\s+["'`„]?$"""
_AS = rf"""(?ix)["'`“”»]?\s+(?:as|als|(?:is|ist)(?=\s+{_ARTICLE}))
    (?:\s+{_ARTICLE}){{0,2}}(?:\s+[\w-]{{1,30}})?\s+$"""
_QUOTED_BEFORE = r"""(?P<quoted>(?<=["'`„“«])[^"'`„“”«»\n]+$)"""
_WORD_BEFORE = r"""(?P<bare>(?<![^\s("'`„“«])[^\s"'`(„“«](?:[^\s"'`]|["'`](?=\w))*$)"""
_LOGIN_VALUE = r"""(?ix)(?:\s*:)?\s+(?:(?:is|are|with|as|to|sind|ist|mit|als)\s+)?["'`]?
    (?P<user>[\w.@-]{1,64})(?:/|:|\s/\s|\s:\s)(?P<bare>[^\s"'`<>/:][^\s"'`<>/]{2,200})(?!/)"""
_OBJECTS = r"""(?ix) pods? | po | deployments? | deploy | services? | svc | namespace | ns | nodes?
    | jobs? | cronjob | statefulset | sts | daemonset | ds | replicaset | rs | secrets? | configmap | cm
    | ingress | route | pvc | pv | system | serviceaccount | sa | role | rolebinding
    | https? | image | build | apis? | apps"""
_CLAUSE_ENDS = r"""(?ix)["'`“”»)]?(?: \s*(?:[.,;!?)\]}|]|\\[nrt"]|$|\n|[-–]\s)
    | \s+(?:and|but|for|on|at|in|so|please|then|und|aber|für|bitte)\b )"""
_WINDOW = 160  # how many characters before a word are looked at


class _Found(NamedTuple):
    start: int
    end: int
    value: str


def _value(match: re.Match[str], offset: int = 0) -> _Found:
    """Return the value of a match: what is in quotes, or a bare word without the punctuation behind it."""
    groups = match.groupdict()
    group = next(name for name in ("quoted", "between", "bare") if groups.get(name) is not None)
    value = match[group]
    if group == "bare":
        value = value.rstrip(".,;:)]}>*\"'`")
    start = match.start(group) + offset
    return _Found(start, start + len(value), value)


class _Saying(NamedTuple):
    """A word for a secret, how a value is linked to it, and the value."""

    text: str
    noun: re.Match[str]
    link: str
    found: _Found

    @property
    def value(self) -> str:
        return self.found.value

    @property
    def before(self) -> str:
        """What stands before the word for a secret."""
        return self.text[max(0, self.noun.start() - _WINDOW) : self.noun.start()]

    @property
    def is_quoted(self) -> bool:
        return self.text[self.found.start - 1] in "\"'`„“«‚"

    @property
    def ends(self) -> bool:
        """Whether the clause ends with the value."""
        return re.compile(_CLAUSE_ENDS).match(self.text, self.found.end) is not None

    def announces(self) -> bool:
        """Whether this sentence says that the value is a password."""
        value, kind = self.value, self.noun.lastgroup
        if not value or value.startswith(MARK[1:-1]) or speaks_about_passwords(value) or stands_for_a_secret(value):
            return False
        if kind == "secret":
            return self.link == "is" and is_odd(value) and "-" not in value
        if self.link in ("is", "sign"):
            return self._says_what_it_is()
        if self.link == "to":
            possible = is_odd(value) or (kind == "password" and is_word(value))
            return possible and bool(re.search(_CHANGE, self.before))
        return self._gives_a_token() if kind == "token" else self._gives_a_password()

    def _says_what_it_is(self) -> bool:
        """Whether `is` goes with a password: `is swordfish`, and not `is hashed` or `is about to expire`."""
        if is_odd(self.value) or (is_word(self.value) and (self.is_quoted or is_number(self.value))):
            return True
        return self.noun.lastgroup == "password" and self.ends and is_word(self.value) and not describes(self.value)

    def _gives_a_token(self) -> bool:
        is_given = " " in self.noun[0] or re.search(_WITH_SURELY, self.before)
        return is_random(self.value) or bool(is_given and is_odd(self.value) and "-" not in self.value)

    def _gives_a_password(self) -> bool:
        """Whether a password is handed over: `with password swordfish`, `user ann, password swordfish`."""
        if is_number(self.value) or is_odd(self.value):
            return True
        if self.link != "blank" or not is_word(self.value):
            return False
        if self.is_quoted or re.search(_BEHIND_USER, self.before):
            return True
        if re.compile(_BEFORE_USER).match(self.text, self.found.end):
            return True
        return bool(re.search(_WITH, self.before)) and self.ends and not describes(self.value)


def _behind(text: str, noun: re.Match[str]) -> Iterator[_Found]:
    """Find the value behind a word for a secret, and further ones when the word is a plural."""
    if re.fullmatch(_PAIRED, text[noun.start() : noun.end() + 24]):
        return
    found = _phrase(text, noun) or next(_links(text, noun), None)
    if found:
        yield found
        yield from _others(text, found, noun[0])


def _links(text: str, noun: re.Match[str]) -> Iterator[_Found]:
    for pattern in _LINKS:
        match = re.compile(pattern).match(text, noun.end())
        if match:
            link = next(name for name in ("is", "sign", "to", "bracket", "blank") if match[name] is not None)
            saying = _Saying(text, noun, link, _value(match))
            if saying.announces():
                yield saying.found


def _phrase(text: str, noun: re.Match[str]) -> _Found | None:
    """Find a pass phrase: several words without any grammar."""
    match = re.compile(_PHRASE).match(text, noun.end()) if "phrase" in noun[0].lower() else None
    if match is None or re.search(_GRAMMAR, match["words"]):
        return None
    return _Found(match.start("words"), match.end("words"), match["words"])


def _others(text: str, found: _Found, noun: str) -> Iterator[_Found]:
    while noun.lower().endswith(("s", "er", "n")):
        end = found.end + (text[found.end : found.end + 1] in tuple("\"'`“”»"))
        match = re.compile(_MORE).match(text, end)
        if match is None or not is_odd(_value(match).value):
            return
        found = _value(match)
        yield found


def _before(text: str, noun: re.Match[str]) -> Iterator[_Found]:
    """Find the value before a word for a password: `with hunter2 as password`."""
    offset = max(0, noun.start() - _WINDOW)
    link = re.search(_AS, text[offset : noun.start()])
    if link is None:
        return
    pattern = _WORD_BEFORE if link[0][0].isspace() else _QUOTED_BEFORE
    match = re.search(pattern, text[offset : offset + link.start()])
    if match is None:
        return
    found = _value(match, offset)
    given = re.search(_WITH_SURELY, text[offset : found.start]) or re.search(_USE, text[offset : found.start])
    if is_odd(found.value) or (given and is_word(found.value) and not describes(found.value)):
        yield found


def _login(text: str, noun: re.Match[str]) -> Iterator[_Found]:
    """Find the password of `login ann/hunter2`."""
    match = re.compile(_LOGIN_VALUE).match(text, noun.end())
    if match is None or re.fullmatch(_OBJECTS, match["user"]):
        return
    value = match["bare"].rstrip(".,;)]}")
    if is_odd(value) and not stands_for_a_secret(value):
        yield _Found(match.start("bare"), match.start("bare") + len(value), value)


def _passwords(text: str) -> Iterator[_Found]:
    """Find the passwords in order; no words are searched that are part of one."""
    done = 0
    for noun in re.finditer(_NOUN, text):
        for found in sorted(_around(text, noun)) if noun.start() >= done else ():
            if found.start >= done:
                done = _end_of_word(text, found)
                yield found._replace(end=done)


def _around(text: str, noun: re.Match[str]) -> Iterator[_Found]:
    if noun.lastgroup == "login":
        yield from _login(text, noun)
        return
    if noun.lastgroup != "secret":
        yield from _before(text, noun)
    yield from _behind(text, noun)


def _end_of_word(text: str, found: _Found) -> int:
    """Return where a long value ends, of which only the beginning was looked at."""
    rest = re.compile(r"[^\s\"']+").match(text, found.end) if len(found.value) >= _MAX_VALUE else None
    return rest.end() if rest else found.end


def mask_sentences(text: str, lowered: str) -> str:
    """Return the text with the passwords in its sentences replaced; `lowered` is the text in lower case."""
    if not any(stem in lowered for stem in _STEMS):
        return text
    parts, done = [], 0
    for found in _passwords(text):
        parts += [text[done : found.start], MARK]
        done = found.end
    return "".join([*parts, text[done:]])
