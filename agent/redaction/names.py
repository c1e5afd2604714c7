"""Which names (of fields, environment variables, flags) have a secret for a value."""

import re
from functools import lru_cache

from agent.redaction.references import stands_for_a_secret

MARK = "[redacted]"
MAX_NAME_LENGTH = 128

# Every alternative of _SECRET_WORD contains one of these.
STEMS = (
    *("pass", "kennwort", "pw", "secret", "token", "credential", "key", "dsn", "connection", "client-cert"),
    *("dockerc", "masterauth", "sessid", "jsessionid", "erlang", "connect.sid", "aspxauth"),
)
_SECRET_WORD = r"""(?aix) passw(?:or)?[dt] | pass[_-]?phrase | passcode | kennwort | pwd | secret | token(?!iz)
    | credential | (?: (?<![a-z0-9])(?:pass|pw) | (?-i:[a-z]Pass) | (?:bind|root|user|db)(?:pass|pw)
                     | (?:admin|smtp|mail|ssh|require)pass | dsn(?<![a-z0-9]dsn) )(?![\w.-])
    | (?: api | access | private | account | encryption | signing | master | storage | (?:pre-?)?shared | app
        | auth | subscription | hmac )[_.-]?key
    | connection[_.-]?string | client-(?:key|certificate)-data | dockerc(?:onfigjson|fg)
    | erlang[_.-]?cookie | masterauth | jsessionid | phpsessid | connect\.sid | aspxauth"""
_PUBLIC_NAME = r"""(?aix)
    (?: names? | refs? | files? | filename | path | dir | directory | mount | type | kind | class | store
      | provider | policy | namespace | version | count | length | size | limit | budget | usage | list
      | seconds | minutes | hours | expiry | expiration | expires | lifetime | ttl | rotation | enabled
      | disabled | required | optional | ur[li] | endpoint | issuer | audiences? | status | state | reason
      | stdin | generator | field | header | prefix | format | algorithm | review | requests? )$
    | [_.-](?:id|at)$ | (?-i:Id|At)$ | ^checksum | \.(?:java|kt|go|py|js|ts|rb|cs|rs|php)$
    | ^(?:secrets|tokens)$ | pull_?secrets?$ | existing_?secret$ | ^automount | service_?account_?token$
    | (?:next|page|continue|continuation|resume|sync)[_-]?token$ | (?-i:^(?:OLD)?PWD$)
    # a file of the workspace, named after an object
    | ^[\w.-]+/(?:[\w.-]+/)*[\w.-]+\.(?:log|yaml)$
    # an object's name, such as token-service-7d9f; a pod's, whatever it begins with
    | (?-i:-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$)
    | (?-i:^(?:[a-z0-9][a-z0-9.-]*[.-])?(?:secret|token|password|credential)s?
           -(?!key|value|data|string|access|hash|secret|token|password)[a-z0-9.-]+$)"""
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_COUNTED_NAME = r"(?i)(?:(?:token|secret|credential)s|^pass)$"


def is_secret_name(name: str) -> bool:
    """Whether the value under this name (a field, an environment variable, a flag) is a secret.

    References to a secret (`secretKeyRef`), properties of one (`tokenExpirationSeconds`), paging tokens
    and names of objects (`token-service-7d9f`) are not. Only the last 128 characters count.
    """
    return _is_secret_name(name[-MAX_NAME_LENGTH:])


@lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    if not re.search(_SECRET_WORD, name):
        return name.lower() in _SECRET_HEADERS
    return not re.search(_PUBLIC_NAME, name)


def is_secret(name: str, value: str) -> bool:
    """Whether the value under this name is a secret itself: no reference to one, no placeholder, no count."""
    if not value or not is_secret_name(name) or stands_for_a_secret(value):
        return False
    return not (value.isdecimal() and re.search(_COUNTED_NAME, name))
