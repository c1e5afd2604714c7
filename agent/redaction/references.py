"""Values that only stand for a secret: a variable, a path, a placeholder, what a sentence goes on with."""

import re

_VARIABLE = r"""
      \$\{(?:(?:env|file|vault|secrets?|sys|ssm|sm)[:.])?[\w.-]+(?::?\?[^{}\n]*|:-?)?\}
    | \$\([\w.]+\)
    | \$\$?(?-i:[A-Z][A-Z0-9_]*) | \$(?:env:)?\w*(?:pass|pwd|token|secret|key|pw)\w* | %\w+%
    | \$?\{\{[^{}\n]*\}\} | \{[a-z_.]+\}
    | \$\((?: cat | kubectl | oc | aws | gcloud | az | vault | op | pass | gpg | sops | base64 | openssl\ rand
        | pwgen | head | tr | < )\b[^\n()]*\)"""
_LOOKED_UP = r"""(?:\\{0,7}["'][\w./:#-]{1,200}\\{0,7}["'])"""
# What a function is given: names, numbers, nothing, and no word that could be a password.
_NAME = r"[a-z_]\w*(?:\.\w+){0,4}"
_ITEM = rf"(?:\w{{1,40}}\ ?=\ ?)?(?:\{{{_LOOKED_UP}:\ )?\*{{0,2}}(?:{_NAME}|\d+|\"\"|''|\.{{3}})\}}?"
_ITEMS = rf"(?:{_ITEM}(?:,\ ?{_ITEM}){{0,5}})?"
_KEYED = rf"(?:alias|env|env_var|key|validation_alias)\ ?=\ ?{_LOOKED_UP}"
_PROMPT = r"""f?["'][^"'\n{}]{0,80}[:?>]\ {0,2}["']"""
_FILE = r"""["'](?:[.~]|\$HOME)?/[\w./-]{1,200}["']"""
_NOTHING = r"""(?:\"\"|''|None|null|nil|undefined)"""
_TYPE = r"(?:str|string|bytes|int|bool|any|object|SecretStr|Optional\[\w+\]|None|null|undefined)"
_CODE = rf"""(?:(?:await|new)\ )?(?:
      (?:os\.)?environ(?:b)?(?:\[{_LOOKED_UP}\]|\.get\({_LOOKED_UP}(?:,\ ?{_NOTHING})?\))
    | ENV(?:\[{_LOOKED_UP}\]|\.fetch\({_LOOKED_UP}\))
    | process\.env(?:\.\w+|\[{_LOOKED_UP}\]) | \$_(?:ENV|SERVER)\[{_LOOKED_UP}\]
    | (?:\w+\.)*\w*(?:getenv|get_secret|getsecret|getpass|getstring|getproperty|env|environmentvariable|prompt
        |input|lookup)
      \((?:{_LOOKED_UP}|{_PROMPT})?(?:,\ ?(?:default=)?{_NOTHING})?\)
    | {_NAME}(?:\[{_LOOKED_UP}\]){{1,4}}
    | (?:open|path|readfilesync|file\.read(?:string)?)\({_FILE}(?:,\ ?{_LOOKED_UP})?\)(?:\.\w+\(\)){{0,3}}
    | [a-z_][\w.]*\((?:{_KEYED}|{_ITEMS})\)
    | (?:data|module|each|local|random_\w+|aws_\w+|azurerm_\w+|google_\w+|vault_\w+|kubernetes_\w+)(?:\.\w+)+
    | (?:self|this|args|config|cfg|conf|settings|options|opts|params|var|local|req|request|ctx|module|env)
      \.[a-z_]\w*(?:\.\w+)*
    | {_TYPE}(?:\ \|\ {_TYPE}){{0,3}}(?:\ =\ None)?
    | (?:[a-z_]\w*\.)+(?:encode|decode|strip|get|pop|read|read_text)\({_LOOKED_UP}?\)
    | {_TYPE}\ =\ (?:os\.)?environ\[{_LOOKED_UP}\] | {_TYPE}\ =\ [a-z]\w*\({_ITEMS}\)
    )(?:\ (?:\?\?|\|\||or)\ {_NOTHING})? | secretKeyRef:? | valueFrom:?"""
_STORE = r"""
      op://[^\s"']+ | (?:ref\+)?(?:vault|awssm|gcpsm|ssm|keyvault|azurekv):[\w/.#:-]+
    | arn:aws[\w-]*:(?:secretsmanager|ssm):[\w:/.-]+ | projects/[\w-]+/secrets/[\w/-]+
    | !vault\ \| | !(?:secret|Ref|env|reference|GetAtt)\ [\w./-]+ | !Sub\ "?\$\{[\w.:-]+\}"?"""
_PLACEHOLDER = r"""
      -{1,3} | [)\]};,.]{1,4} | \*+ | \.{3} | … | •+ | (?-i:x{3,}|X{3,})
    | [\[(<](?:redacted|masked|hidden|filtered|removed|omitted)[\])>]
    | <[a-z][a-z_. -]{0,60}> | change[-_]?(?:me|this)!? | (?:your|insert|replace)[-_][a-z_-]{2,60}
    | todo | fixme | placeholder | redacted
    | (?-i:(?:[A-Z]+_)?(?:PASSWORD|PASSWD|PASS|TOKEN|SECRET|KEY|VALUE|FILE))"""
# Of a package whose name speaks of secrets: `"pg-connection-string": "^2.14.1"`.
_VERSIONS = r"[~^]\d+(?:\.\d+){1,3}"
_HARMLESS = rf"""(?aix)(?: true | false | null | nil | none | ~ | \d+\ bytes | <set\ to\ the\ key\ [^\n]{{0,300}}
    | {_VERSIONS} | {_VARIABLE} | {_CODE} | {_STORE} | {_PLACEHOLDER}
    | (?: /(?:var|run|etc|mnt|opt|home|tmp|secrets|vault) | ~ | \$HOME )/[\w./-]* )"""
_HARMLESS_VALUE = rf"{_HARMLESS}(?:[ \t]+\#[^\n]*|[;,])?"
_HARMLESS_WORD = rf"""{_HARMLESS}(?=[\s,;"'`)}}\]\\]|\Z)(?![ \t]*(?:\|\||\?\?|\bor\b))"""
_MAX_LENGTH = 400

# In a URL, where only its delimiters end a word.
REFERENCE_IN_A_URL = rf"(?aix:{_VARIABLE} | %[sdvq] | <[a-z][a-z_. -]{{0,60}}> | \[[A-Z_]+\])"

# What a sentence goes on with behind `token:` and the like.
_PROSE = r"""(?aix)
    (?: is | are | was | were | has | not | must | should | cannot | can't | could | unable | failed | failure
      | invalid | expired | missing | required | denied | forbidden | unauthorized | unauthenticated | unknown
      | rejected | revoked | malformed | empty | unset | unsupported | incorrect | unexpected | already | eof
      | flag | string | from | in | via | wrong | see | stdin | aus | von | vom | im | ist | fehlt | falsch
      | abgelaufen )(?=[\s,.;:)"'\\]|\Z)
    | (?: no\ such | context\ deadline | permission\ denied | access\ denied | connection\ refused )\b
    | standard\ input | key\ [\w.-]+\ (?:of|in)\b
    | dial\ tcp | rpc\ error | illegal\ base64 | (?:get|post)\ \\?"http | open\ /"""


def stands_for_a_secret(value: str) -> bool:
    """Whether the whole value is a reference (`$DB_PASSWORD`, `/run/secrets/db`), a placeholder, or none at all."""
    return re.fullmatch(_HARMLESS_VALUE, value) is not None


def starts_with_a_reference(text: str, at: int) -> bool:
    """Whether the word or expression at this place only stands for a secret."""
    return re.match(_HARMLESS_WORD, text[at : at + _MAX_LENGTH]) is not None


def goes_on_in_prose(text: str, at: int) -> bool:
    """Whether a sentence goes on at this place (`token: expired at 10:00`)."""
    return re.match(_PROSE, text[at : at + _MAX_LENGTH]) is not None
