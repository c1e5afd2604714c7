"""The page that a word means."""

from __future__ import annotations

from collections.abc import Mapping

from tools.cluster.did_you_mean import did_you_mean, near
from tools.topics import TOPICS, Topic

_OTHER_NAMES: Mapping[str, Topic] = {
    "start": "getting-started",
    "deploy": "deploying-apps",
    "deploying": "deploying-apps",
    "debug": "debugging",
    "cicd": "ci-cd",
    "ci/cd": "ci-cd",
    "network": "networking",
    "scale": "scaling",
    "volumes": "storage",
}


class UnknownTopic(LookupError):
    """There is no such page; the text names the nearest, or all."""


def topic_of(word: str) -> Topic:
    """The topic that a word names, in any case, with blanks or dashes; raises `UnknownTopic`."""
    name = "-".join(word.lower().replace("_", " ").split())
    for topic in TOPICS:
        if name == topic:
            return topic
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    meant = did_you_mean(near(name, TOPICS)) or f" There are: {', '.join(TOPICS)}."
    raise UnknownTopic(f'There is no page "{word}".{meant}')
