"""Passwords in plain words: how people tell one another a password, in English and in German.

A sentence is read around each word for a secret (`password`, `api key`, `Kennwort`): a link behind the word
(`is`, `to`, nothing at all), or `as` before it, and a value. Whether the value is a password depends on how surely
the sentence announces one: `the password is swordfish` does, `password authentication failed` does not. Words that
say where a password is, or how it is, are no passwords.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from agent.redaction.names import MARK
from agent.redaction.references import stands_for_a_secret

_STEMS = ("pass", "pw", "kennw", "token", "key", "schlüssel", "login", "log in", "credential", "creds", "user")
_STEMS_TOO = ("benutzer", "zugang", "anmelde", "secret")

_PASSWORD = r"""pass(?:wor[dt]|[ -]?phrase|[ -]?code)s? | passwd | passwörter | (?:(?<![\w-])|(?m:(?<=^-)))(?:pw|pwd) | kenn(?:wort|wörter)"""
_TOKEN = r"""token | (?:api|access|account|encryption|signing|master|storage|license)[ -]key | api-?schlüssel
    | (?<=client[ ])secret | (?<!existent[ ])secret[ ](?:access[ ])?key"""
_SECRET = r"(?<![\w-])(?:secret|geheimnis)"
_LOGIN = r"""(?:(?<![\w.-])|(?m:(?<=^-)))(?:log[ -]?in|logon|credentials?|creds|user(?:name)?|zugangsdaten|anmeldedaten|benutzer(?:name)?)"""
_NOUN = rf"(?ix)(?:(?P<password>{_PASSWORD})|(?P<token>{_TOKEN})|(?P<secret>{_SECRET})|(?P<login>{_LOGIN}))(?!\w)(?!-\w)"
_NOUN = _NOUN.replace("[ -]", r"[\ -]").replace("[ ]", r"[\ ]")

_VALUE = r"""(?:(?P<quote>\\{0,7}["'`])(?P<quoted>(?:(?!(?P=quote))[^\n]){1,500})
    |(?P<fancy>[„“«‚](?P<between>[^“”»‘\n]{1,500}))
    |(?P<bare>(?!\[redacted\])[^\s"'`<>(\\](?:[^\s"'`\\]|["'`](?=\w)|\\(?![nrt"'`\\])){0,200}))"""
_QUALIFIER = r"""(?:\s+(?:for|of|on|in|to|at|from|by|used|that|which|you|we|i|für|von|vom|zur|zum|der|des|im|auf|bei)
    (?:\s+[^\s;:!?"`]{1,60}(?<![.,])){1,8}?)?"""
_IS = r"""\s+(?:is|was|are|being|equals|reads|ist|lautet|war|heißt|heisst|sind|lauten|soll|should\s+be|must\s+be|will\s+be)
    (?:\s+(?:now|still|currently|just|simply|nun|jetzt|noch))?\s*:?\s+"""
_SIGN = r"\s*(?:[:=]|->|=>|→)\s*"
_LINKS = rf"""(?ix)["'`*)]{{0,2}}(?:
    (?P<is>{_QUALIFIER}{_IS}) | (?P<sign>{_SIGN}) | (?P<to>{_QUALIFIER}\s+(?:to|auf)\s+(?:be\s+)?)
    | (?P<bracket>\s*\((?![a-z_]+=)) | (?P<blank>\s+) ){_VALUE}"""
_TO_BARE = rf"(?ix)\s+(?:to|auf)\s+{_VALUE}"
_PHRASE = rf"(?ix){_QUALIFIER}(?:{_IS}|{_SIGN})(?P<words>\w{{2,20}}(?:[\ -]\w{{2,20}}){{2,11}}+)(?=[.,;!?\"'\\]|\s*$|\s*\n)"
_GRAMMAR = r"(?i)\b(?:to|of|the|for|not|in|with|is|by|from|and|or|be|no|nicht|der|die|das|zu|aus|im|mit|und|on|too)\b"
_MORE = rf"(?ix)(?:\s*,|\s+(?:and|und|or|oder)|\s*/)\s*{_VALUE}"

_ARTICLE = r"(?:the|a|an|its|his|her|their|my|our|your|das|dem|ein|einem|sein|ihr|mein|unser|new|neue[smn]?)"
_WITH = rf"(?ix)(?:^|[\s(,;])(?:with|using|use|mit|by|per|and|und|nimm|take|give)(?:\s+{_ARTICLE}){{0,2}}(?:\s+[\w-]{{1,20}})?[\s-]*$"
_WITH_SURELY = rf"(?ix)(?:^|[\s(,;])(?:with|using|use|mit|nimm)(?:\s+{_ARTICLE}){{0,2}}\s+$"
_USER = r"""(?ix)(?:user(?:name)?|login|account|benutzer(?:name)?|machine)\s*[:=]?\s+(?!(?:and|or|und|oder)\b)["'`]?[\w.@\\-]{1,64}["'`]?\s*(?:[,;/&]\s*)?
    (?:(?:and|und|with|mit)\s+)?(?:(?:the|a|his|her|its|dem|das)\s+)?$"""
_CHANGE = r"(?ix)\b(?:set|sets|change|changed?|reset|update|rotate|make|setze?|ändere?|stelle)\b[^.;\n]{0,100}$"
_AS = rf"""(?ix)(?P<end>["'`“”»]?)\s+(?:as|als|(?:is|ist)(?=\s+{_ARTICLE}))(?:\s+{_ARTICLE}){{0,2}}(?:\s+[\w-]{{1,30}})?\s+$"""
_LAST_WORD = r"""(?P<quoted>(?<=["'`„“«])[^"'`„“”«»\n]+$)|(?P<between>(?!))|(?P<bare>(?<![^\s(])[^\s"'`(]\S*$)"""
_WITH_USER = r"(?i)\s*(?:,|and|und|/)?\s*\b(?:user(?:name)?|login|account|benutzer(?:name)?)\b"
_USE = r"""(?i)\b(?:use|take|nimm|set|try)\s+["'`„]?$"""
_LOGIN_VALUE = r"""(?ix)(?:\s*:)?\s+(?:(?:is|are|with|as|to|sind|ist|mit|als)\s+)?["'`]?
    (?P<user>[\w.@-]{1,64})(?:/|:|\s/\s|\s:\s)(?P<bare>[^\s"'`<>/:][^\s"'`<>/]{2,200})(?!/)"""

_KINDS = frozenset(
    "pod pods po deployment deployments deploy service services svc namespace ns node nodes job jobs cronjob "
    "statefulset sts daemonset ds replicaset rs secret secrets configmap cm ingress route pvc pv system "
    "serviceaccount sa role rolebinding http https image build api apps".split()
)
# What follows a word for a password and is none: where it is, how it is, what else it is a word of.
_WORDS = frozenset(
    """a an the this that these those it its his her their your my our no not none nothing any some one all both each
    other another same such what which who whose where when why how whether if then than so as at by for from in into
    of off on onto out over per to under until up upon via with within without and or but nor because since while after
    before again also always anymore currently even ever here just maybe never now once only please still there too very
    yet is are was were be been being am do does did done has have had having can cannot could may might must shall
    should will would let isn't wasn't doesn't don't didn't won't can't
    able absent accepted active alone available back bad base64 bcrypt sha256 sha1 md5 oauth2 http2 blank broken clear
    compromised correct corrupt current default different down due empty equal false fine fresh free gone good hidden
    identical idle incorrect invalid known late legacy lost long longer mandatory missing new null nil ok okay old
    optional out outdated plain plaintext private proper public ready redacted right safe secret secure set short
    similar stale strong sure temporary text true unavailable unclear undefined unknown unset unsafe up valid visible
    void weak worthless wrong yours mine random
    access account accounts api app application argument arguments attempt attempts auth authentication authenticator
    authorization based because bearer bucket cache change changes check checks claim claims client code config
    configuration controller counter credential credentials data database db decryption details encryption
    endpoint entry env environment error errors exchange exchanges expiration expiry failed fails failure failures
    field fields file files flag flow for form format generator grant handling hash hashes hashing header headers
    helper history id ids injection input issue issues issuer key keys kind leak leaks length lifetime limit limits
    login logins lookup manager management mismatch mount name names notice option options or page pair parameter part
    parser path placeholder policies policy problem projection prompt prompts property protection provider quality
    recovery ref reference refresh rejected renewal request requests requirements reset resets response retrieval review
    reviews revision rotation rotations rule rules scheme scope secrets server service services session sign size
    source state status stdin storage store string strings sync table template text tokens token type types update
    updates usage use user users username value values variable vault version volume volumes webhook
    authentifizierung ändern aus bekannt da das dass dem den der die dort ein eine einem einen einer er es falsch fehlt
    fehler fehlte frei für geheim gesetzt gleich gültig hat hier ich ihr im ist ja kann kein keine korrekt lang leer
    mehr mit nach nein neu nicht nie noch nötig nun nur oder ohne richtig schon sein sehr sie sind soll steht über
    ungültig und unbekannt unser vergessen von vom vor war weg wenn wie wird wo wurde zu zum zur zurück zurücksetzen
    abgelaufen anders datei erforderlich standardeingabe swapped beside aside somewhere elsewhere nowhere everywhere
    nobody everyone someone somebody myself himself itself asap today tomorrow yesterday monday friday follow
    two three four five several many few most every present found seen sent kept built held read put cut left bound
    told needed protected forgotten inside outside below above next last first second third ours theirs enough""".split()
)
_DESCRIBES = r"(?a)[a-z]+(?:ed|ing|en|able|ible|less|ful|ly|wise|ized|ised)|(?:ge|ver|be|er|ent|hinter|ab|an|ein)[a-zäöü]+t"
_CLAUSE_ENDS = r"""(?ix)["'`“”»)]?(?:\s*(?:[.,;!?)\]}|]|\\[nrt"]|$|\n|[-–]\s)|\s+(?:and|but|for|on|at|in|so|please|then|und|aber|für|bitte)\b)"""
_ORDINARY = r"""(?aix)
      v?\d+(?:[.:/,x-]\d+)*(?:-[a-z0-9.]+)? | \d+(?:\.\d+)?[a-zµ%]{1,7} | (?:\d+(?:\.\d+)?(?:d|h|m|s|ms))+ | \d+(?:st|nd|rd|th)
    | \d{4}-\d\d-\d\dt?[\d:.z+-]* | (?:\d{1,3}\.){3}\d{1,3}(?:[:/]\d+)? | \#\d+ | 0x[0-9a-f]+
    | (?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::\d+)?(?:/\S*)? | [a-z][a-z0-9+.-]*://\S* | [~.]{0,2}/\S*
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+ | [a-z0-9.-]+-[a-f0-9bcdfghjklmnpqrstvwxz]{6,10}-[a-z0-9]{5}
    | (?:oauth|http|utf|sha|md|aes|rsa|ec|tls|ssl|s|k|x|base|web|ipv|hs|rs|es|ed|pkcs\#?|scram-sha-|v)-?\d{1,5}s? | kubernetes\.io/\S*
    | @\S* | [\w.-]+/[\w.-]+(?:[/:@]\S*)? | [a-z]\w*\(.* | \{[a-z_.]+[\[}!:].*"""


class _Found(NamedTuple):
    start: int
    end: int
    value: str


def _value(match: re.Match[str], offset: int = 0) -> _Found:
    """Return the value of a match: what is in quotes, or a bare word without the punctuation behind it."""
    group = next(name for name in ("quoted", "between", "bare") if match[name] is not None)
    value = match[group]
    if group == "bare":
        value = value.rstrip(".,;:)]}>*\"'`")
    start = match.start(group) + offset
    return _Found(start, start + len(value), value)


def _is_odd(value: str) -> bool:
    """Whether no word is written so: letters with digits, or signs in it."""
    if len(value) < 4 or re.fullmatch(_ORDINARY, value):
        return False
    return bool(re.search(r"(?a)[a-zA-Z]", value) and re.search(r"(?a)\d", value)) or bool(
        re.search(r"\w[!@#$%^&*+=?~]|[!@#$%^&*+=?~]\w", value)
    )


def _is_random(value: str) -> bool:
    """Whether a generator made this: long, with letters and digits, and no object's name."""
    has_both = re.fullmatch(r"(?a)(?=\S*\d)(?=\S*[a-zA-Z])[\w.~+/=-]{16,}", value)
    return bool(has_both) and not re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)+", value)


def _is_word(value: str) -> bool:
    """Whether this could be a password as any other word could: no word of those that speak about passwords."""
    word = value.lower()
    if word in _WORDS or len(word) < 3 or not re.match(r"[^\W_]", word):
        return False
    return not re.fullmatch(_ORDINARY, value) or bool(re.fullmatch(r"\d{4,}", value))


Kind = Literal["password", "token", "secret", "login"]


def _announces(kind: Kind, link: str, noun: str, before: str, found: _Found, text: str) -> bool:
    """Whether this sentence says that the value is a password."""
    value = found.value
    if not value or value.startswith(MARK[1:-1]) or value.lower() in _WORDS or stands_for_a_secret(value):
        return False
    if kind == "secret":
        return link == "is" and _is_odd(value) and "-" not in value
    if link in ("is", "sign"):
        return _is_said_to_be(kind, link, found, text)
    if link == "to":
        return bool(re.search(_CHANGE, before)) and (_is_odd(value) or (kind == "password" and _is_word(value)))
    if kind == "token":
        is_given = " " in noun or re.search(_WITH_SURELY, before)
        return _is_random(value) or bool(is_given and _is_odd(value) and "-" not in value)
    return _is_odd(value) or (link == "blank" and _is_given(before, found, text))


def _is_said_to_be(kind: Kind, link: str, found: _Found, text: str) -> bool:
    quoted = text[found.start - 1] in "\"'`„“«‚"
    if _is_odd(found.value) or (_is_word(found.value) and (quoted or re.fullmatch(r"\d{4,}", found.value))):
        return True
    if not _is_word(found.value) or re.fullmatch(_DESCRIBES, found.value):
        return False
    return kind == "password" and _ends(found, text)


def _is_given(before: str, found: _Found, text: str) -> bool:
    """Whether a password is handed over here: `with password swordfish`, `user ann, password swordfish`."""
    if not _is_word(found.value):
        return False
    if text[found.start - 1] in "\"'`„“«‚" or re.search(_USER, before):
        return True
    if re.compile(_WITH_USER).match(text, found.end):
        return True
    return bool(re.search(_WITH, before)) and _ends(found, text) and not re.fullmatch(_DESCRIBES, found.value)


def _ends(found: _Found, text: str) -> bool:
    return re.compile(_CLAUSE_ENDS).match(text, found.end) is not None


_WINDOW = 160
_MAX_VALUE = 200
_PAIRED = r"""(?as)\w+\\{0,3}["'`]?\s*[:=](?!>).*"""  # a name in one word and its value are a pair


def _behind(text: str, noun: re.Match[str], kind: Kind) -> Iterator[_Found]:
    """Find the value after a word for a secret, and further ones when the word is a plural."""
    if re.fullmatch(_PAIRED, text[noun.start() : noun.end() + 24]):
        return
    before = text[max(0, noun.start() - _WINDOW) : noun.start()]
    phrase = re.compile(_PHRASE).match(text, noun.end()) if "phrase" in noun[0].lower() else None
    if phrase and not re.search(_GRAMMAR, phrase["words"]):
        yield _Found(phrase.start("words"), phrase.end("words"), phrase["words"])
        return
    for pattern in (_LINKS, _TO_BARE):
        match = re.compile(pattern).match(text, noun.end())
        if match is None:
            continue
        link = "to" if pattern is _TO_BARE else _link(match)
        found = _value(match)
        if _announces(kind, link, noun[0], before, found, text):
            yield found
            yield from _others(text, found, noun[0])
            return


def _link(match: re.Match[str]) -> str:
    return next(name for name in ("is", "sign", "to", "bracket", "blank") if match[name] is not None)


def _others(text: str, found: _Found, noun: str) -> Iterator[_Found]:
    while noun.lower().endswith(("s", "er", "n")):
        end = found.end + (text[found.end : found.end + 1] in tuple("\"'`“”»"))
        match = re.compile(_MORE).match(text, end)
        if match is None or not _is_odd(_value(match).value):
            return
        found = _value(match)
        yield found


def _before(text: str, noun: re.Match[str]) -> Iterator[_Found]:
    """Find the value before a word for a password: `with hunter2 as password`."""
    offset = max(0, noun.start() - _WINDOW)
    link = re.search(_AS, text[offset : noun.start()])
    match = re.search(_LAST_WORD, text[offset : offset + link.start()]) if link else None
    if match is None:
        return
    found = _value(match, offset)
    given = re.search(_WITH_SURELY, text[offset : found.start]) or re.search(_USE, text[offset : found.start])
    if _is_odd(found.value) or (given and _is_word(found.value) and not re.fullmatch(_DESCRIBES, found.value)):
        yield found


def _login(text: str, noun: re.Match[str]) -> Iterator[_Found]:
    """Find the password of `login ann/hunter2`."""
    match = re.compile(_LOGIN_VALUE).match(text, noun.end())
    if match is None or match["user"].lower() in _KINDS:
        return
    value = match["bare"].rstrip(".,;)]}")
    if _is_odd(value) and not stands_for_a_secret(value):
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
    kind = _kind(noun)
    if kind == "login":
        yield from _login(text, noun)
        return
    if kind != "secret":
        yield from _before(text, noun)
    yield from _behind(text, noun, kind)


def _end_of_word(text: str, found: _Found) -> int:
    """Return where a long value ends, of which only the beginning was looked at."""
    is_cut = len(found.value) >= _MAX_VALUE
    return re.compile(r"[^\s\"']*").match(text, found.end).end() if is_cut else found.end  # type: ignore[union-attr]


def _kind(noun: re.Match[str]) -> Kind:
    kinds: tuple[Kind, ...] = ("password", "token", "secret", "login")
    return next(kind for kind in kinds if noun[kind] is not None)


def mask_sentences(text: str, lowered: str) -> str:
    """Return the text with the passwords in its sentences replaced; `lowered` is the text in lower case."""
    if not any(stem in lowered for stem in (*_STEMS, *_STEMS_TOO)):
        return text
    parts, done = [], 0
    for found in _passwords(text):
        parts += [text[done : found.start], MARK]
        done = found.end
    return "".join([*parts, text[done:]])
