"""Manifests of files that are to be judged or mended: sentences about them, and nothing else. Pure."""

from __future__ import annotations

import re

from agent.understanding.wishes import Call, Order, Understanding
from tools.json import Json

_JUDGE, _MEND = "validate_manifests", "mend_manifests"

_POLITE = r"(?:please\s+|bitte\s+|(?:can|could|would)\s+you\s+(?:please\s+)?|kannst\s+du\s+(?:bitte\s+)?)?"
_WHICH = r"(?:(?:all|the|my|our|these|those|this|alle|die|meine|unsere|diese)\s+){0,3}"
_MANIFESTS = r"(?:(?:kubernetes|k8s|openshift)[\s-]+)?(?:manifests?|manifeste|yaml\s+files|yamls|yaml-dateien)"
_PATH = r"[\"'`]?(?P<path>[^\s\"'`?!,;]*[^\s\"'`?!,;.]|\.{1,2})[\"'`]?"
_FOLDER = r"(?:(?:the|my|our|dem|der)\s+)?(?:(?:folder|directory|file|ordner|verzeichnis|datei)\s+)?"
_IN = rf"(?:in|of|under|below|at|from|im|unter|aus)\s+{_FOLDER}{_PATH}"
_FOR = r"(?:for|against|für|gegen)\s+(?:(?:the|den)\s+)?namespace\s+(?P<namespace>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)"
_WHERE = rf"(?:\s+{_IN})?(?:\s+{_FOR})?"
_FINE = r"(?:fine|ok|okay|valid|correct|good|right|alright|in\s+order|in\s+ordnung|gültig|richtig|gut|korrekt)"
_END = r"(?:\s*,?\s*(?:please|bitte))?\s*[.!?]*"
_IS_PATH = r"(?=\S*/|\.|~|\S+\.(?:ya?ml|json)\b)"

_SENTENCES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (tool, re.compile(rf"{_POLITE}{sentence}{_END}", re.IGNORECASE))
    for tool, sentence in (
        (_JUDGE, rf"(?:check|validate|lint|verify|review|judge|prüfe|validiere)\s+{_WHICH}{_MANIFESTS}{_WHERE}"),
        (_JUDGE, rf"(?:validate|lint|validiere)\s+{_IS_PATH}{_PATH}(?:\s+{_FOR})?"),
        (_JUDGE, rf"(?:are|is|sind|ist)\s+{_WHICH}{_MANIFESTS}{_WHERE}\s+{_FINE}"),
        (_JUDGE, rf"(?:what\s+is|what's|was\s+ist)\s+(?:wrong\s+with|falsch\s+an)\s+{_WHICH}{_MANIFESTS}{_WHERE}"),
        (_MEND, rf"(?:mend|fix|repair|repariere)\s+{_WHICH}{_MANIFESTS}(?:\s+{_IN})?"),
    )
)


def ordered(task: str) -> Understanding | None:
    """The manifests that a task is about; None where it says anything else."""
    for tool, sentence in _SENTENCES:
        if said := sentence.fullmatch(task.strip()):
            arguments: Json = {name: value for name, value in said.groupdict().items() if value}
            order = Order((), (), frozenset({tool}))
            return Understanding(wishes=(Call(tool, arguments),), orders=(order,))
    return None
