"""Orders about what delivers: to run it again, sync, refresh, unpause it, to name its secret. Pure."""

from __future__ import annotations

import re

from agent.understanding.delivery import place_of
from agent.understanding.wishes import Call, Order, Understanding
from agent.understanding.world import World
from tools.json import Json

_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_ASKS = (
    r"(?:(?:please|bitte|desk|now|just)[\s,]+"
    r"|(?:(?:can|could|would|will)\s+you|i\s+want\s+you\s+to)\s+(?:please\s+)?)*"
)
_DONE = r"(?:\s+(?:now|please|bitte|jetzt))?\s*[.!]*"
_ITS = r"(?:(?:my|our|the|that|this|meine?|unsere?|de[rn]|die|das)\s+)?"
_LAST = r"(?:(?:last|latest|newest|letzten?|neuesten?)\s+)?"
_INTO = rf"(?:\s+(?:in|on|to|auf)\s+(?:(?:the|namespace|environment|der|dem)\s+)*(?P<place>{_NAME}))?"
_APP = rf"(?:{_ITS}(?:argo\s?-?cd(?:'s)?\s+)?(?:app|application|anwendung)\s+)?(?P<app>{_NAME})"
_RUN_NAME = rf"(?:\s+(?!in\b|on\b|again\b|once\b|neu\b|erneut\b|noch)(?P<name>{_NAME}))?"
_PIPELINE = rf"{_ITS}{_LAST}pipeline(?:\s?-?run)?{_RUN_NAME}"
_AGAIN = r"(?:\s+(?:again|once\s+more|neu|erneut|noch\s*(?:ein)?mal))"
_OUT = r"(?:\s+(?:aus|laufen))?"
_PAUSED = rf"{_ITS}(?P<kind>build\s?-?config|pipeline\s?-?run|application)\s+(?P<name>{_NAME})"
_GO_ON = r"(?:\s+(?:begin|start|go\s+on))?"
_BUILD = rf"{_ITS}(?:build\s?-?config|build)\s+(?P<name>{_NAME})"
_SECRET = rf"(?:the\s+|das\s+)?(?:secret\s+)?(?P<secret_name>{_NAME})"
_PURPOSE = r"(?:the\s+|das\s+)?(?P<purpose>push|pull|source)[\s-]secret"

_SENTENCES: tuple[tuple[str, str], ...] = (
    ("rerun_pipeline", rf"(?:re-?run|retry|repeat|re-?start|wiederhole|starte)\s+{_PIPELINE}{_INTO}{_AGAIN}?"),
    ("rerun_pipeline", rf"(?:run|start|führe|starte|lasse?)\s+{_PIPELINE}{_AGAIN}{_INTO}{_OUT}"),
    ("rerun_pipeline", rf"(?:führe|lasse?)\s+{_PIPELINE}{_INTO}{_AGAIN}{_OUT}"),
    ("sync_app", rf"(?:sync|synchroni[sz]e|synce|synchronisiere)\s+{_APP}{_INTO}"),
    ("refresh_app", rf"(?P<hard>hard[\s-]?)?refreshe?\s+{_APP}{_INTO}"),
    ("refresh_app", rf"lade\s+{_ITS}(?:anwendung|app|application)\s+(?P<app>{_NAME}){_INTO}\s+neu"),
    ("unpause_delivery", rf"(?:unpause|resume|continue|let)\s+{_PAUSED}{_GO_ON}{_INTO}"),
    ("unpause_delivery", rf"(?:setze|lasse?)\s+{_PAUSED}{_INTO}\s+(?:fort|weiterlaufen|beginnen|los)"),
    ("set_build_secret", rf"set\s+{_PURPOSE}\s+(?:of|for)\s+{_BUILD}\s+to\s+{_SECRET}{_INTO}"),
    ("set_build_secret", rf"(?:setze|stelle)\s+{_PURPOSE}\s+(?:von|für)\s+{_BUILD}\s+auf\s+{_SECRET}{_INTO}"),
)
_ORDERS = tuple((tool, re.compile(_ASKS + said + _DONE, re.IGNORECASE)) for tool, said in _SENTENCES)
_KINDS = {"b": "BuildConfig", "p": "PipelineRun", "a": "Application"}
_NO_NAMES = frozenset(
    {"everything", "all", "it", "them", "that", "this", "the", "not", "never", "alles", "es", "sie", "nicht", "nie"}
)


def ordered(task: str, world: World) -> Understanding | None:
    """The change of a delivery that a task orders; None where it says anything else."""
    text = " ".join(task.split())
    for tool, sentence in _ORDERS:
        if said := sentence.fullmatch(text):
            given = {name: value.lower() for name, value in said.groupdict().items() if value}
            if _NO_NAMES & set(given.values()):
                return None
            return _order(tool, given, place_of(given.pop("place", ""), world) or world.namespace)
    return None


def _order(tool: str, given: dict[str, str], namespace: str) -> Understanding:
    arguments: Json = {"namespace": namespace, **given}
    if "kind" in given:
        arguments["kind"] = _KINDS[given["kind"][0]]
    if "hard" in given:
        arguments["hard"] = True
    names = tuple(given[each] for each in ("app", "name") if each in given)
    order = Order((namespace,), names, frozenset({tool}))
    return Understanding(wishes=(Call(tool, arguments),), orders=(order,), namespaces=(namespace,))
