"""By what a line of a log is known: phrases and patterns, and what the line is about."""

from __future__ import annotations

import re

import msgspec


class Sign(msgspec.Struct, frozen=True):
    """What a line of the kind holds: a phrase in lower case; with a `pattern`, that too, in whatever case.

    Patterns are compiled when the first line holds their phrase: a diagnosis that finds none starts sooner.
    """

    phrase: str
    pattern: str = ""

    def is_in(self, line: str, lowered: str) -> bool:
        return self.phrase in lowered and (not self.pattern or re.search(self.pattern, line, re.I) is not None)


def signs(*given: str | tuple[str, str]) -> tuple[Sign, ...]:
    """Each a phrase, or a phrase and its pattern."""
    return tuple(Sign(each) if isinstance(each, str) else Sign(*each) for each in given)


ADDRESS = (
    r"\(((?:\d{1,3}\.){3}\d{1,3})\)",
    r"->\[?([\w.\-]+\]?:\d{2,5})\b",
    r"(?:dial tcp|ECONNREFUSED|ETIMEDOUT|connect to|host|//|@)\s*\"?(\[?[\w.\-]+\]?:\d{2,5})\b",
    r"host[=: ]+[\"']?([\w.\-]+)[\"']?",
    r"\b((?:\d{1,3}\.){3}\d{1,3}:\d{2,5})\b",
    r"\b([\w.\-]*[a-z][\w.\-]*:\d{2,5})\b(?!:)",
)
HOST = (
    r"(?:lookup failure for:?|failure for:|lookup|bad address|resolve host(?: name)?:?|host name|server can't find"
    r"|can't resolve|ENOTFOUND|EAI_AGAIN|UnknownHostException:?)"
    r"\s+[\"'`]?([\w.\-]*\w)",
    r"host=[\"']?([\w.\-]*\w)",
    r"[\"']([\w\-]+(?:\.[\w\-]+)*)[\"']",
    r"//([\w.\-]+)",
)
PATH = (r"[\"'‘](/[^\"'’]{1,200})[\"'’]", r"(?<![\w/:.])(/[\w.\-/@+]{1,200}[\w\-])")
ANY_PATH = (
    *PATH,
    r"[\"'‘]([^\"'’ ]{1,200})[\"'’]",
    r"([\w.\-]+\.(?:ya?ml|json|conf|toml|ini|pem|key|crt|sh|py|js|jar|properties))",
)
PORT = (r":(\d{2,5})\b", r"port[ =:]+(\d{2,5})")
_LEVELS = "FATAL|ERROR|WARN|WARNING|INFO|DEBUG|CRITICAL|PANIC|SEVERE|NOTICE"
VARIABLE_NAME = rf"((?!(?:{_LEVELS})\b)(?:[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{{4,}}))"

OF_VARIABLE = (
    rf"\b(?-i:{VARIABLE_NAME}) (is|was|must be) (not |un)?(set|defined|provided|required|specified|missing|empty)"
)
LACKING = rf"(missing|required):? (?-i:{VARIABLE_NAME})\b"
FILE_NOT_FOUND = r"\.(ya?ml|json|conf|toml|ini|properties|pem|key|crt)\b.*(not found|does not exist)"
REFUSALS = ("permission denied", "eacces", "eperm", "operation not permitted", "accessdeniedexception")
REFUSED = rf"\b(?:{'|'.join(REFUSALS)})\b"
_NO_FILE = r"permission denied for |(?-i:\b(?:GET|POST|PUT|PATCH|DELETE) /)"
OF_FILE = rf"^(?!.*(?:{_NO_FILE}))(?=.*{REFUSED}).*(?:{'|'.join(PATH)})"
"""A path that is no request's, and no role, table or schema of a database."""
