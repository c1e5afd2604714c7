"""Whether a word in a sentence could be a password: by how it is written, and by the words that are none."""

import re

# What follows a word for a password and is none: where it is, how it is, what else it is a word of.
_WORDS = frozenset(
    re.findall(
        r"\S+",
        """a an the this that these those it its his her their your my our no not none nothing any some one all both
        each other another same such what which who whose where when why how whether if then than so as at
        by for from in into of off on onto out over per to under until up upon via with within without and
        or but nor because since while after before again also always anymore currently even ever here
        just maybe never now once only please still there too very yet is are was were be been being am do
        does did done has have had having can cannot could may might must shall should will would let
        isn't wasn't doesn't don't didn't won't can't able absent accepted active alone available back bad
        base64 bcrypt sha256 sha1 md5 oauth2 http2 blank broken clear compromised correct corrupt current
        default different down due empty equal false fine fresh free gone good hidden identical idle
        incorrect invalid known late legacy lost long longer mandatory missing new null nil ok okay old
        optional outdated plain plaintext private proper public ready redacted right safe secret secure
        set short similar stale strong sure temporary text true unavailable unclear undefined unknown
        unset unsafe valid visible void weak worthless wrong yours mine random access account accounts api
        app application argument arguments attempt attempts auth authentication authenticator
        authorization based bearer bucket cache change changes check checks claim claims client code
        config configuration controller counter credential credentials data database db decryption details
        encryption endpoint entry env environment error errors exchange exchanges expiration expiry failed
        fails failure failures field fields file files flag flow form format generator grant handling hash
        hashes hashing header headers helper history id ids injection input issue issues issuer key keys
        kind leak leaks length lifetime limit limits login logins lookup manager management mismatch mount
        name names notice option options page pair parameter part parser path placeholder policies policy
        problem projection prompt prompts property protection provider quality recovery ref reference
        refresh rejected renewal request requests requirements reset resets response retrieval review
        reviews revision rotation rotations rule rules scheme scope secrets server service services
        session sign size source state status stdin storage store string strings sync table template
        tokens token type types update updates usage use user users username value values variable vault
        version volume volumes webhook authentifizierung ändern aus bekannt da das dass dem den der die
        dort ein eine einem einen einer er es falsch fehlt fehler fehlte frei für geheim gesetzt gleich
        gültig hat hier ich ihr im ist ja kann kein keine korrekt lang leer mehr mit nach nein neu nicht
        nie noch nötig nun nur oder ohne richtig schon sein sehr sie sind soll steht über ungültig und
        unbekannt unser vergessen von vom vor war weg wenn wie wird wo wurde zu zum zur zurück
        zurücksetzen abgelaufen anders datei erforderlich standardeingabe swapped beside aside somewhere
        elsewhere nowhere everywhere nobody everyone someone somebody myself himself itself asap today
        tomorrow yesterday monday friday follow two three four five several many few most every present
        found seen sent kept built held read put cut left bound told needed protected forgotten inside
        outside below above next last first second third ours theirs enough""",
    )
)
_DESCRIPTION = r"""(?ax) [a-z]+(?:ed|ing|en|able|ible|less|ful|ly|wise)
    | (?:ge|ver|be|er|ent|hinter|ab|an|ein)[a-zäöü]+t"""
_ORDINARY = r"""(?aix)
      v?\d+(?:[.:/,x-]\d+)*(?:-[a-z0-9.]+)? | \d+(?:\.\d+)?[a-zµ%]{1,7} | (?:\d+(?:\.\d+)?(?:d|h|m|s|ms))+
    | \d+(?:st|nd|rd|th) | \d{4}-\d\d-\d\dt?[\d:.z+-]* | (?:\d{1,3}\.){3}\d{1,3}(?:[:/]\d+)? | \#\d+
    | 0x[0-9a-f]+
    | (?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::\d+)?(?:/\S*)? | [a-z][a-z0-9+.-]*://\S* | [~.]{0,2}/\S*
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+ | [a-z0-9.-]+-[a-f0-9bcdfghjklmnpqrstvwxz]{6,10}-[a-z0-9]{5}
    | (?: oauth | http | utf | sha | md | aes | rsa | ec | tls | ssl | s | k | x | base | web | ipv | hs | rs | es
        | ed | pkcs\#? | scram-sha- | v )-?\d{1,5}s?
    | kubernetes\.io/\S* | @\S* | [\w.-]+/[\w.-]+(?:[/:@]\S*)? | [a-z]\w*\(.* | \{[a-z_.]+[\[}!:].*"""


def is_odd(value: str) -> bool:
    """Whether no word is written so: letters with digits, or signs in it."""
    if len(value) < 4 or re.fullmatch(_ORDINARY, value):
        return False
    mixed = re.search(r"(?a)[a-zA-Z]", value) and re.search(r"(?a)\d", value)
    return bool(mixed or re.search(r"\w[!@#$%^&*+=?~]|[!@#$%^&*+=?~]\w", value))


def is_random(value: str) -> bool:
    """Whether a generator made this: long, with letters and digits, and no object's name."""
    has_both = re.fullmatch(r"(?a)(?=\S*\d)(?=\S*[a-zA-Z])[\w.~+/=-]{16,}", value)
    return bool(has_both) and not re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)+", value)


def is_word(value: str) -> bool:
    """Whether this could be a password as any other word could: no word of those that speak about passwords."""
    if speaks_about_passwords(value) or len(value) < 3 or not re.match(r"[^\W_]", value):
        return False
    return is_number(value) or not re.fullmatch(_ORDINARY, value)


def is_number(value: str) -> bool:
    """Whether this is a number long enough for a password."""
    return value.isdecimal() and len(value) >= 4


def speaks_about_passwords(value: str) -> bool:
    """Whether this is a word that follows `password` in ordinary sentences."""
    return value.lower() in _WORDS


def describes(value: str) -> bool:
    """Whether this has the form of a participle, adjective or adverb: `hashed`, `readable`, `gesetzt`."""
    return re.fullmatch(_DESCRIPTION, value) is not None
