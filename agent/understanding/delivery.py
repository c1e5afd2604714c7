"""Questions after the way from a commit to its pods: sentences about that, and nothing else. Pure."""

from __future__ import annotations

import re

from agent.understanding.wishes import Call, Understanding
from agent.understanding.world import World, is_environment
from tools.json import Json

_COMMIT, _PIPELINE = "why_not_live", "debug_pipeline"

_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_POLITE = r"(?:(?:please|bitte|desk)[\s,]+|(?:can|could)\s+you\s+(?:please\s+)?(?:tell\s+me|find\s+out)\s+)?"
_WHY = r"(?:why|how\s+come|warum|wieso|weshalb)"
_ITS = r"(?:(?:my|our|the|that|this|meine?|unsere?|de[rn]|die|das|dieser)\s+)?"
_LAST = r"(?:(?:last|latest|newest|new|most\s+recent|letzter?|neuester?|neuer?)\s+)?"
_SHA = r"(?:\s+(?P<commit>[0-9a-f]{7,40}))?"
_THE = r"(?:(?:the|app|application|service|deployment|der|die|das)\s+)*"
_OF = rf"\s+(?:of|for|to|in|von|für|zu)\s+{_THE}(?P<app>{_NAME})"
_WHAT = rf"{_ITS}{_LAST}(?:git\s+)?commit{_SHA}{_OF}"
_IMAGE = rf"{_ITS}{_LAST}image\s+(?P<image>[\w.:/@-]*\w){_OF}"
_PLACE = rf"(?:\s*(?:in|on|to|at|auf)\s+(?:(?:the|namespace|environment|cluster|der|dem)\s+)*(?P<place>{_NAME}))?"
_IS = r"(?:is|was|has|did|does|ist|wurde|isn't|isnt|hasn't|didn't)"
_NOT = r"(?:\s+(?:still|yet|not|never|noch|immer|nicht|been|got|get|to|gekommen|n't))*"
_LIVE = r"(?:\s+(?:live|deployed|there|rolled\s+out|released|synced|running|visible|ausgerollt|da|arrived?))?"
_END = r"(?:\s+(?:yet|already|schon|now|please|bitte))?\s*[?.!]*"
_STATE = rf"{_NOT}{_LIVE}{_PLACE}{_END}"
_RUN = (
    r"(?:pipeline\s?-?runs?|pipelines?|builds?|deliver(?:y|ies)|ci(?:/cd)?|argo\s?-?cd(?:\s+app(?:lication)?s?)?)"
)
_WHICH = rf"(?:\s+(?!in\b|on\b|of\b|fail|broken|red\b|not\b|stuck|hang|von\b|kaputt|rot\b)(?P<name>{_NAME}))?"
_FAILS = r"(?:\s+(?:fail(?:s|ed|ing)?|broken|red|stuck|hang(?:s|ing)?|not\s+(?:run|start)\w*|kaputt|rot))?"
_LOOK = (
    r"(?:debug|diagnose|check|inspect|look\s+at|troubleshoot|what\s+is\s+wrong\s+with|what's\s+wrong\s+with|prüfe)"
)

_SENTENCES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (tool, re.compile(_POLITE + sentence, re.IGNORECASE))
    for tool, sentence in (
        (_COMMIT, rf"{_WHY}\s+{_IS}{_NOT}\s+{_WHAT}{_STATE}"),
        (_COMMIT, rf"{_WHY}\s+{_IS}{_NOT}\s+{_IMAGE}{_STATE}"),
        (_COMMIT, rf"(?:is|ist|has)\s+{_WHAT}{_STATE}"),
        (_COMMIT, rf"(?:where\s+is|what\s+happened\s+to|wo\s+ist|wo\s+bleibt)\s+{_WHAT}{_PLACE}{_END}"),
        (_PIPELINE, rf"{_LOOK}\s+{_ITS}{_LAST}{_RUN}{_WHICH}{_PLACE}{_END}"),
        (_PIPELINE, rf"{_WHY}\s+{_IS}{_NOT}\s+{_ITS}{_LAST}{_RUN}{_WHICH}{_FAILS}{_PLACE}{_END}"),
    )
)


def asked(task: str, world: World) -> Understanding | None:
    """The delivery that a task asks after; None where it says anything else."""
    for tool, sentence in _SENTENCES:
        if said := sentence.fullmatch(" ".join(task.split())):
            arguments = {
                name: value.lower() for name, value in said.groupdict().items() if value and name != "image"
            }
            place = place_of(arguments.pop("place", ""), world)
            if "image" in said.groupdict():
                arguments["image"] = said["image"]
            return _call(tool, arguments, place, world)
    return None


def _call(tool: str, arguments: Json, place: str, world: World) -> Understanding:
    """Without a place, an application's delivery is looked for wherever there is one."""
    namespace = place or world.namespace
    if place or tool == _PIPELINE:
        arguments = {**arguments, "namespace": namespace}
    return Understanding(wishes=(Call(tool, arguments),), namespaces=(namespace,))


def place_of(said: str, world: World) -> str:
    """The namespace that is said, by its name or its environment."""
    is_name = not said or said in world.namespaces or not is_environment(said)
    return said if is_name else world.of_environment(said) or said
