"""How something is done on this platform: a question after a page, or an order to write all of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agent.understanding.wishes import Call, Understanding

if TYPE_CHECKING:
    from agent.understanding.world import World
    from tools.json import Json
    from tools.topics import Topic

READ, WRITE = "docs", "save_docs"

_ASKED = re.compile(
    r"(?:please\s+|hey\s+|hi\s+)?(?:"
    r"how\s+(?:do|can|could|should|would|may)\s+(?:i|we|you|one|people|developers)|how\s+does\s+one"
    r"|(?:can\s+you\s+|could\s+you\s+|please\s+)?(?:show|teach|tell)\s+(?:me|us)\s+how\s+(?:to|i\s+can|we\s+can)"
    r"|(?:explain|i\s+want\s+to\s+know)\s+how\s+(?:to|i\s+can|we\s+can)|how\s+to"
    r"|where\s+(?:do|can)\s+(?:i|we|one)"
    r"|wie\s+(?:kann|soll|muss)\s+(?:ich|man)|wie\s+(?:bekomme|kriege|mache|lege|erstelle|komme)\s+(?:ich|wir)"
    r"|wie\s+(?:bekommt|kriegt|macht|erstellt)\s+man|wie(?=\s+\w+e?[nt]?\s+(?:ich|man|wir)\b)"
    r"|wo\s+(?:bekomme|finde|sehe)\s+(?:ich|wir)"
    r")\b",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"(?:please\s+|bitte\s+)?(?:(?:can|could)\s+you\s+)?(?:show|open|give|read|zeig\w*)?\s*(?:me|us|mir|uns)?\s*"
    r"(?:the\s+|die\s+|das\s+)?(?:platform(?:'s|s)?\s+)?(?P<before>[\w/&\s-]*?)\s*"
    r"(?:docs|documentation|doku\w*|page|guide|how-to)"
    r"(?:\s+(?:on|about|for|of|über|zu|zum)\s+(?P<about>[\w/&\s-]+?))?"
    r"(?:\s+in\s+(?:namespace\s+)?(?P<namespace>[a-z0-9-]+))?[?.!\s]*",
    re.IGNORECASE,
)
_SAVE = re.compile(
    r"(?:please\s+|bitte\s+)?(?:write|save|export|generate|publish|schreib\w*)\s+(?:the\s+|die\s+)?"
    r"(?:platform(?:'s|s)?\s+)?(?:docs|documentation|doku\w*)"
    r"(?:\s+(?:for|of|für)\s+(?:the\s+|das\s+)?"
    r"(?:team\s+(?P<team>[\w.-]*\w)|(?:namespace\s+)?(?P<namespace>[a-z0-9-]+)))?"
    r"(?:\s+(?:in)?to\s+(?P<folder>[~./\w-]*[\w/]))?[.!\s]*",
    re.IGNORECASE,
)

_TELLING: Mapping[Topic, str] = {
    "getting-started": """start started begin access connect kubectl kubeconfig onboard
        anfangen loslegen zugang""",
    "deploying-apps": """deploy deploys deploying ship release helm chart charts argo argocd gitops kustomize
        deploye deployen ausrollen""",
    "debugging": """debug debugging troubleshoot troubleshooting crash crashes crashing
        debugge debuggen""",
    "monitoring": """monitor monitoring metrics prometheus promql grafana dashboard dashboards alert alerts alarm
        metriken überwache überwachen""",
    "security": """secret secrets password passwords rbac permission permissions scan scanning vulnerability
        vulnerabilities security geheimnis geheimnisse passwort sicherheit""",
    "ci-cd": """pipeline pipelines ci cd ci/cd ci-cd tekton build builds promote push registry
        baue bauen""",
    "scaling": """scale scaling autoscale autoscaling hpa vpa replicas quota capacity resources memory cpu cpus
        skaliere skalieren""",
    "networking": """expose ingress route network networking networkpolicy networkpolicies netpol dns domain
        internet traffic tls certificate hostname gateway reachable url erreichbar netzwerk""",
    "storage": """volume volumes storage pvc pvcs claim claims disk disks persistent persist snapshot snapshots
        backup backups storageclass storageclasses speicherplatz speichern""",
}
"""What tells a topic; a question with words of two topics is not understood."""
_TOPIC_OF: Mapping[str, Topic] = {word: topic for topic, words in _TELLING.items() for word in words.split()}

_FILLERS = """
a an the my our your some any this that it its to for of with on at from by into and or
get have make create add use using need want set up see find read put let run keep store request attach mount do can
i we me us you one new own more larger bigger first properly correctly best please time way right working
app apps application applications service services pod pods workload workloads container containers job jobs
image images code program data file files team namespace group class policy
ich wir man mein meine meinen unser unsere ein eine einen einem einer das die der den dem
für mit zu zum zur an auf aus und oder bitte mehr neu neue neuen
anwendung anwendungen dienst bekommen machen erstellen anlegen haben
"""
_MEANS_NOTHING = frozenset(_FILLERS.split())
"""What may be said besides."""
_PLACE = re.compile(
    r"\b(?:here|hier|(?:on|in|auf|bei)\s+(?:this|the|our|dieser|diesem|der|dem|unserer|unserem)\s+"
    r"(?:platform|cluster|plattform|kubernetes|openshift))\b",
    re.IGNORECASE,
)


def asked(task: str, world: World) -> Understanding | None:
    """The page that a task asks for; None when it is no such question, or has a word of another meaning."""
    text = " ".join(task.split())
    return _question(text, world) or _of_page(text, world) or _of_site(text, world)


def _question(text: str, world: World) -> Understanding | None:
    began = _ASKED.match(text)
    if began is None:
        return None
    rest, namespace = _placed(text[began.end() :], world)
    topic = _topic(re.findall(r"[\w/'-]+", rest.casefold()))
    return None if topic is None else _read(topic, namespace)


def _placed(rest: str, world: World) -> tuple[str, str]:
    """The words without where, and the namespace that is meant."""
    rest = _PLACE.sub(" ", rest)
    for namespace in world.namespaces:
        without, found = re.subn(rf"\s(?:in|on)\s+(?:namespace\s+)?{re.escape(namespace)}(?![\w-])", " ", rest)
        if found:
            return without, namespace
    return rest, world.namespace


def _topic(words: Sequence[str]) -> Topic | None:
    told = {_TOPIC_OF[word] for word in words if word in _TOPIC_OF}
    strange = [word for word in words if word not in _TOPIC_OF and word not in _MEANS_NOTHING]
    return told.pop() if len(told) == 1 and not strange else None


def _of_page(text: str, world: World) -> Understanding | None:
    from tools.platform_docs.choosing import UnknownTopic, topic_of
    from tools.topics import TOPICS

    said = _PAGE.fullmatch(text)
    if said is None:
        return None
    namespace = said["namespace"] or world.namespace
    named = " ".join(filter(None, (said["before"].strip(), (said["about"] or "").strip()))).casefold()
    if namespace not in (world.namespace, *world.namespaces):
        return None
    if not named:
        return _read(None, namespace)
    titles = {about.title.casefold(): topic for topic, about in TOPICS.items()}
    try:
        topic = titles.get(named) or _TOPIC_OF.get(named) or topic_of(named)
    except UnknownTopic:
        return None
    return _read(topic, namespace)


def _of_site(text: str, world: World) -> Understanding | None:
    said = _SAVE.fullmatch(text)
    if said is None:
        return None
    namespace = said["namespace"] or ("" if said["team"] else world.namespace)
    if namespace and namespace not in (world.namespace, *world.namespaces):
        return None
    given = {"namespace": namespace, "team": said["team"], "folder": said["folder"]}
    return _understood(
        Call(WRITE, {name: value for name, value in given.items() if value}), namespace or world.namespace
    )


def _read(topic: Topic | None, namespace: str) -> Understanding:
    arguments: Json = {"namespace": namespace, **({"topic": topic} if topic else {})}
    return _understood(Call(READ, arguments), namespace)


def _understood(call: Call, namespace: str) -> Understanding:
    return Understanding(wishes=(call,), namespaces=(namespace,))
