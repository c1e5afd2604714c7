"""What each tool is for, as data: the words that ask for it, and what they give its arguments.

The concepts (`restart`, `memory`, ...) are those of the tables in `agent/understanding/languages`; here stands
how they go together. docs/words.md is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

SlotSort = Literal[
    "object",  # an object that is there, by its name
    "kind",  # a kind of objects
    "count",  # a number
    "memory",  # a quantity of memory
    "cpu",  # a quantity of CPU
    "sized memory",  # a quantity that can only be memory: with its unit
    "sized cpu",  # a quantity that can only be CPU: with its unit
    "port",  # a port's number or name
    "container",  # the name beside the word container
    "selector",  # labels, KEY=VALUE
    "ports",  # a local port and a remote one, 8080:80
    "schedule",  # a time that comes again, in words or as cron's five fields
    "seconds",  # a time
    "duration",  # a time with its unit
    "image",  # an image with its tag or digest
    "path",  # a path of a URL
    "pairs",  # KEY=VALUE, or KEY to VALUE
    "variables",  # names of environment variables
    "text",  # words in quotes
    "word",  # a name that need not be there yet
    "who",  # a user's name
    "access",  # a verb of the API and the kind it is done to
    "login",  # a registry's login: see agent/understanding/login.py
]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
SCALABLE = ("Deployment", "StatefulSet")
TEMPLATED = (*WORKLOADS, "CronJob")
RUNS = (*TEMPLATED, "Job", "Pod")
ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """An argument that words give. `at` are the prepositions that may stand before it; empty: any but `by`."""

    argument: str
    sort: SlotSort
    kinds: tuple[str, ...] = ANY
    """Of an object: the kinds it may be of; empty: any."""
    at: tuple[str, ...] = ()
    optional: bool = False
    after: str = ""
    """The noun it must follow: `port 80`."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask: one of the verbs, all of the nouns, the slots; `may` are nouns that may be said besides.

    `words` say it, with the arguments' names in braces; `command` is what a person would type for it.
    """

    words: str
    command: str = ""
    verbs: str = ""
    nouns: str = ""
    may: str = ""
    slots: tuple[Slot, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intent:
    """What a tool is for: how it is asked for, three examples, and two near misses that do not mean it."""

    ways: tuple[Way, ...]
    examples: tuple[str, str, str]
    near_misses: tuple[str, str]


def _of(argument: str = "name", kinds: tuple[str, ...] = ANY) -> Slot:
    return Slot(argument, "object", kinds)


_WORKLOAD = _of(kinds=WORKLOADS)
_TEMPLATED = _of(kinds=TEMPLATED)
_ANY = _of()
_TO = ("to", "with", "at", "")
_CONTAINER = Slot("container", "container", optional=True)
_SETS = "set raise lower"
_UNSAID = ""
"""No verb: `memory limit of web to 1Gi`."""


def _resource(resource: str, side: str) -> tuple[Way, ...]:
    sort: SlotSort = "memory" if resource == "memory" else "cpu"
    argument = f"{resource}_{side}"
    value = Slot(argument, sort, at=("to", "with", "", "of", "at", "on", "for"))
    flag = "limits" if side == "limit" else "requests"
    words = f"set {resource} {side} of {{kind}} {{name}} to {{{argument}}} in {{namespace}}"
    command = f"kubectl set resources {{kind}}/{{name}} --{flag}={resource}={{{argument}}} -n {{namespace}}"
    named = Way(words, command, _SETS, f"{resource} {side}", "resources quantity workload container",
                (_WORKLOAD, value, _CONTAINER))  # fmt: skip
    unsaid = replace(named, verbs=_UNSAID)
    if side == "request":
        sized = Slot(argument, "sized memory" if resource == "memory" else "sized cpu", at=value.at)
        return (
            named,
            unsaid,
            Way(words, command, _SETS, "request", "quantity workload container", (_WORKLOAD, sized, _CONTAINER)),
        )
    short = Way(words, command, _SETS, resource, "quantity workload container", (_WORKLOAD, value, _CONTAINER))
    sized = Slot(argument, "sized memory" if resource == "memory" else "sized cpu", at=value.at)
    unnamed = Way(words, command, _SETS, "", "limit quantity workload container", (_WORKLOAD, sized, _CONTAINER))
    return (named, unsaid, short, unnamed)


_TIMES = {
    "initial_delay": "initial_delay_s", "period": "period_s", "timeout": "timeout_s", "threshold": "failure_threshold",
}  # fmt: skip


def _probe(probe: str) -> tuple[Way, ...]:
    command = f"kubectl edit {{kind}} {{name}} -n {{namespace}}  # {probe}Probe"
    ways = (
        Way(
            f"set {probe} probe port of {{kind}} {{name}} to {{port}} in {{namespace}}", command, _SETS,
            f"{probe} port", "probe", (_WORKLOAD, Slot("port", "port", at=("to", ""))), {"probe": probe},
        ),
        Way(
            f"set {probe} probe path of {{kind}} {{name}} to {{path}} in {{namespace}}", command, _SETS,
            f"{probe} path", "probe", (_WORKLOAD, Slot("path", "path")), {"probe": probe},
        ),
        Way(
            f"set {probe} probe path of {{kind}} {{name}} to {{path}} in {{namespace}}", command, _SETS,
            probe, "probe", (_WORKLOAD, Slot("path", "path")), {"probe": probe},
        ),
        *(
            Way(
                f"set {noun.replace('_', ' ')} of the {probe} probe of {{kind}} {{name}} to {{{argument}}} in {{namespace}}", command,
                _SETS, f"{probe} {noun}", "probe", (_WORKLOAD, Slot(argument, "seconds", at=("to", ""))), {"probe": probe},
            )
            for noun, argument in _TIMES.items()
        ),
    )  # fmt: skip
    return (*ways, *(replace(way, verbs=_UNSAID) for way in ways))


# fmt: off
INTENTS: Mapping[str, Intent] = {
    "get": Intent(
        (
            Way("get {kind} {name} in {namespace}", "kubectl get {kind} {name} -n {namespace} -o yaml", "show", "", "workload details",
                (_ANY,)),
            Way("get {kind} {name} in {namespace}", "kubectl get {kind} {name} -n {namespace} -o yaml", "look", "", "workload details",
                (_of(kinds=("ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount", "Node")),)),
            Way("show the yaml of {kind} {name} in {namespace}", "kubectl get {kind} {name} -n {namespace} -o yaml", "show look", "yaml",
                "workload details", (_ANY,)),
            Way("show the yaml of {kind} {name} in {namespace}", "kubectl get {kind} {name} -n {namespace} -o yaml", "", "yaml", "workload",
                (_ANY,)),
        ),
        ("show the yaml of deployment web", "get service checkout", "give me the manifest of payments"),
        ("save the manifest of web", "get the logs of web"),
    ),
    "list": Intent(
        (
            Way("list {kind} in {namespace}", "kubectl get {kind} -n {namespace}", "show look", "", "status overview workload running", (Slot("kind", "kind"),)),
            Way("list {kind} in {namespace}", "kubectl get {kind} -n {namespace}", "", "", "status overview workload running", (Slot("kind", "kind"),)),
            *(
                Way("list {kind} with label {selector} in {namespace}", "kubectl get {kind} -l {selector} -n {namespace}", verbs, "label",
                    "status overview workload running", (Slot("kind", "kind"), Slot("selector", "selector")))
                for verbs in ("show look", "")
            ),
        ),
        ("which pods are there?", "list the services in shop-dev", "show all deployments"),
        ("show deployment web", "restart all deployments"),
    ),
    "describe": Intent(
        (
            Way("describe {kind} {name} in {namespace}", "kubectl describe {kind} {name} -n {namespace}", "describe", "", "workload details",
                (_ANY,)),
            Way("describe {kind} {name} in {namespace}", "kubectl describe {kind} {name} -n {namespace}", "show look", "details", "workload",
                (_ANY,)),
            Way("describe {kind} {name} in {namespace}", "kubectl describe {kind} {name} -n {namespace}", "", "details", "workload",
                (_ANY,)),
        ),
        ("describe deployment web", "tell me about service checkout", "details of payments"),
        ("describe how to scale web", "what is wrong with web"),
    ),
    "logs": Intent(
        (*(
            Way("show the logs of {pod} in {namespace}", "kubectl logs deploy/{pod} -n {namespace}", verbs, nouns, "workload last lines", (
                _of("pod", RUNS), _CONTAINER, Slot("tail_lines", "count", after="last", optional=True),
                Slot("tail_lines", "count", after="lines", optional=True)), fixed)
            for verbs in ("show look", "", "wait", "describe")
            for nouns, fixed in (("logs", {}), ("logs previous", {"previous": True}))
        ), Way("show the logs of {pod} in {namespace}", "kubectl logs deploy/{pod} -n {namespace}", "tail", "", "workload last lines logs",
               (_of("pod", RUNS), _CONTAINER))),
        ("show me the logs of web", "last 50 lines of the log of payments", "logs of the crashed checkout"),
        ("save the logs of web", "log in to web"),
    ),
    "events": Intent(
        (
            Way("show the events of {name} in {namespace}", "kubectl get events -n {namespace}", "show look", "events",
                "workload last lately", (Slot("name", "object", optional=True),)),
            Way("show the events of {name} in {namespace}", "kubectl get events -n {namespace}", "", "events", "workload last lately",
                (Slot("name", "object", optional=True),)),
            Way("what happened in {namespace}", "kubectl get events -n {namespace}", "", "happened", "workload lately",
                (Slot("name", "object", optional=True),)),
        ),
        ("events in shop-dev", "show the events of checkout", "what happened in shop-dev?"),
        ("what changed in checkout", "watch web"),
    ),
    "top": Intent(
        (
            Way("show the usage in {namespace}", "kubectl top pods -n {namespace}", "show look", "usage", "memory cpu workload resources most lately",
                (Slot("", "object", optional=True), Slot("", "kind", optional=True))),
            Way("show the usage in {namespace}", "kubectl top pods -n {namespace}", "", "usage", "memory cpu workload resources most lately",
                (Slot("", "object", optional=True), Slot("", "kind", optional=True))),
        ),
        ("top pods in shop-dev", "how much memory does web use?", "show the resource usage"),
        ("set memory of web to 1Gi", "use image web:2"),
    ),
    "wait_for_rollout": Intent(
        (
            Way("wait for {kind} {name} in {namespace}", "kubectl rollout status {kind}/{name} -n {namespace}", "wait", "",
                "rollout workload status", (_WORKLOAD, Slot("timeout_s", "duration", optional=True))),
        ),
        ("wait for web", "watch the rollout of web", "wait until the rollout of checkout is done"),
        ("wait a minute", "what is the status of the rollout of web"),
    ),
    "rollout_status": Intent(
        (
            Way("show the rollout status of {kind} {name} in {namespace}", "kubectl rollout status {kind}/{name} -n {namespace} --watch=false",
                "show look", "rollout status", "workload", (_WORKLOAD,)),
            Way("show the rollout status of {kind} {name} in {namespace}", "kubectl rollout status {kind}/{name} -n {namespace} --watch=false",
                "", "rollout status", "workload", (_WORKLOAD,)),
        ),
        ("rollout status of web", "is the rollout of web finished?", "show me the status of the checkout rollout"),
        ("wait for the rollout of web", "rollout history of web"),
    ),
    "rollout_history": Intent(
        (
            Way("show the rollout history of {kind} {name} in {namespace}", "kubectl rollout history {kind}/{name} -n {namespace}",
                "", "history", "rollout workload lately revision", (_WORKLOAD,)),
            Way("show the rollout history of {kind} {name} in {namespace}", "kubectl rollout history {kind}/{name} -n {namespace}",
                "show look", "history", "rollout workload lately revision", (_WORKLOAD,)),
            Way("what changed in {kind} {name} in {namespace}", "kubectl rollout history {kind}/{name} -n {namespace}",
                "", "changed", "workload lately rollout image", (_WORKLOAD,)),
            Way("what changed in {kind} {name} in {namespace}", "kubectl rollout history {kind}/{name} -n {namespace}",
                "show look", "changed", "workload lately rollout image", (_WORKLOAD,)),
        ),
        ("what changed in checkout lately?", "rollout history of web", "who changed payments?"),
        ("change the image of web to web:2", "undo the last change"),
    ),
    "who_can": Intent(
        (
            Way("who can {verb} {resource} in {namespace}", "kubectl auth can-i {verb} {resource} -n {namespace}", "", "who", "role",
                (Slot("verb", "access"),)),
            Way("may user {user} {verb} {resource} in {namespace}", "kubectl auth can-i {verb} {resource} --as {user} -n {namespace}", "",
                "may", "", (Slot("verb", "access"), Slot("user", "who"))),
            Way("may user {user} {verb} {resource} in {namespace}", "kubectl auth can-i {verb} {resource} --as {user} -n {namespace}", "",
                "may user", "", (Slot("user", "who", after="user"), Slot("verb", "access"))),
        ),
        ("who may delete pods in shop-dev?", "may user ann create deployments?", "who can read secrets here?"),
        ("delete pod web-0", "can you restart web?"),
    ),
    "whoami": Intent(
        (
            Way("who am I", "kubectl auth whoami", nouns="identity"),
            Way("who am I", "kubectl auth whoami", "show look", "identity"),
        ),
        ("who am I?", "which user am I?", "what are my permissions?"),
        ("who can delete pods?", "create user ann"),
    ),
    "show_container": Intent(
        tuple(
            Way(f"show the {noun} of {{kind}} {{name}} in {{namespace}}", f"kubectl describe {{kind}} {{name}} -n {{namespace}}  # {noun}",
                verbs, noun, "workload quantity local", (_TEMPLATED, _CONTAINER), {"what": what})
            for verbs in ("show look", "", "describe")
            for noun, what in (("env", "env"), ("port", "ports"), ("mounts", "mounts"))
        ),
        ("show the environment variables of web", "which ports does checkout have?", "what is mounted in postgres?"),
        ("set env A=b on web", "set target port of web port 80 to 8080"),
    ),
    "port_forward": Intent(
        (
            Way("port-forward {kind} {name} port {port} in {namespace}", "kubectl port-forward {kind}/{name} {port} -n {namespace}", "forward",
                "", "port workload local", (_of(kinds=("Service", *WORKLOADS, "Pod")), Slot("port", "ports", optional=True))),
            Way("port-forward {kind} {name} port {port} in {namespace}", "kubectl port-forward {kind}/{name} {port} -n {namespace}", "set",
                "local port", "workload", (_of(kinds=("Service", *WORKLOADS, "Pod")), Slot("port", "ports"))),
        ),
        ("port-forward service web", "how can I reach checkout from my laptop?", "forward port 8080 of payments"),
        ("set target port of web port 80 to 8080", "which ports does web have?"),
    ),
    "save_logs": Intent(
        tuple(
            Way("save the logs of {pod} to a file in {namespace}", "kubectl logs deploy/{pod} -n {namespace} > {pod}.log", "save",
                nouns, "file workload last lines", (_of("pod", RUNS), _CONTAINER, Slot("tail_lines", "count", after="last", optional=True)), fixed)
            for nouns, fixed in (("logs", {}), ("logs previous", {"previous": True}))
        ),
        ("save the logs of web to a file", "download the log of payments", "export the logs of checkout"),
        ("show the logs of web", "save the manifest of web"),
    ),
    "save_manifest": Intent(
        (
            Way("save the manifest of {kind} {name} in {namespace}", "kubectl get {kind} {name} -n {namespace} -o yaml > {name}.yaml",
                "save", "yaml", "file workload", (_ANY,)),
            Way("save the manifest of {kind} {name} in {namespace}", "kubectl get {kind} {name} -n {namespace} -o yaml > {name}.yaml",
                "save", "", "file workload", (_ANY,)),
        ),
        ("save the manifest of deployment web", "export service checkout", "save deployment payments to a file"),
        ("save the logs of web", "write a manifest for web"),
    ),
    "restart": Intent(
        (
            Way("restart {kind} {name} in {namespace}", "kubectl rollout restart {kind}/{name} -n {namespace}", "restart", "",
                "workload replicas", (_WORKLOAD,)),
            *(
                Way("restart {kind} {name} in {namespace}", "kubectl rollout restart {kind}/{name} -n {namespace}", verbs, "restart",
                    "workload replicas", (_WORKLOAD,))
                for verbs in ("set resume restart", _UNSAID)
            ),
        ),
        ("restart web", "please bounce the checkout deployment", "restart web and checkout"),
        ("restart web tomorrow", "should I restart web?"),
    ),
    "scale": Intent(
        (
            Way("scale {kind} {name} to {replicas} in {namespace}", "kubectl scale {kind}/{name} --replicas={replicas} -n {namespace}",
                "scale", "", "replicas workload", (_of(kinds=SCALABLE), Slot("", "count", at=("from", "of"), optional=True), Slot("replicas", "count", at=("to", "with", "")))),
            Way("scale {kind} {name} to {replicas} in {namespace}", "kubectl scale {kind}/{name} --replicas={replicas} -n {namespace}",
                _SETS, "replicas", "workload quantity running", (_of(kinds=SCALABLE), Slot("", "count", at=("from", "of"), optional=True), Slot("replicas", "count", at=("to", "with", "", "on", "at")))),
            Way("scale {kind} {name} to {replicas} in {namespace}", "kubectl scale {kind}/{name} --replicas={replicas} -n {namespace}",
                _UNSAID, "replicas", "workload quantity running", (_of(kinds=SCALABLE), Slot("replicas", "count", at=("to", "with", "")))),
            Way("scale {kind} {name} to {replicas} in {namespace}", "kubectl scale {kind}/{name} --replicas=0 -n {namespace}",
                "stop", "", "workload replicas", (_of(kinds=SCALABLE),), {"replicas": 0}),
        ),
        ("scale web to 3", "set replicas of checkout to two", "shut down slowpoke"),
        ("scale web to 3 or 4", "scale web by 2"),
    ),
    "set_resources": Intent(
        (*_resource("memory", "limit"), *_resource("memory", "request"), *_resource("cpu", "limit"), *_resource("cpu", "request")),
        ("set the memory limit of web to 512 MiB", "give checkout half a core", "raise the memory request of web to 256Mi"),
        ("set the memory limit of web to 512", "raise the memory of web by 10 %"),
    ),
    "set_image": Intent(
        (
            Way("set image of {kind} {name} to {image} in {namespace}", "kubectl set image {kind}/{name} '*={image}' -n {namespace}", "set",
                "image", "workload container", (_TEMPLATED, Slot("image", "image", at=("to", "with", "", "on")), _CONTAINER)),
            Way("set image of {kind} {name} to {image} in {namespace}", "kubectl set image {kind}/{name} '*={image}' -n {namespace}", _UNSAID,
                "image", "workload container", (_TEMPLATED, Slot("image", "image", at=("to",)), _CONTAINER)),
            Way("set image of {kind} {name} to {image} in {namespace}", "kubectl set image {kind}/{name} '*={image}' -n {namespace}", "set",
                "", "workload container", (_TEMPLATED, Slot("image", "image", at=("to", "with", "")), _CONTAINER)),
        ),
        ("set image of web to desk/web:2", "update checkout to registry.example.com/checkout:1.5", "use image desk/web:1 for web"),
        ("update web", "which image does web use?"),
    ),
    "set_env": Intent(
        (
            Way("set env {variables} on {kind} {name} in {namespace}", "kubectl set env {kind}/{name} {variables} -n {namespace}",
                "add set", "env", "workload container quantity", (_TEMPLATED, Slot("variables", "pairs"), _CONTAINER)),
            Way("set env {variables} on {kind} {name} in {namespace}", "kubectl set env {kind}/{name} {variables} -n {namespace}",
                "add set", "", "workload container quantity", (_TEMPLATED, Slot("variables", "pairs"), _CONTAINER)),
            Way("remove env {remove} from {kind} {name} in {namespace}", "kubectl set env {kind}/{name} {remove}- -n {namespace}",
                "unset", "", "env workload container", (_TEMPLATED, Slot("remove", "variables"), _CONTAINER)),
        ),
        ("set env LOG_LEVEL=debug on web", "set LOG_LEVEL to debug on checkout", "remove env DEBUG from web"),
        ("show the env of web", "set PASSWORD on web"),
    ),
    "set_probe": Intent(
        (*_probe("liveness"), *_probe("readiness"), *_probe("startup")),
        ("set readiness probe port of web to 8080", "set the liveness probe path of web to /healthz",
         "change the readiness path of checkout to /readyz"),
        ("set the probe of web", "the readiness probe of web fails"),
    ),
    "set_reference": Intent(
        tuple(
            Way(f"point {{kind}} {{name}} from {kind.lower()} {{from_name}} to {{to_name}} in {{namespace}}",
                "kubectl edit {kind} {name} -n {namespace}", "point", "", "workload reference", (
                Slot("from_name", "word", (kind,), at=("from",)), Slot("to_name", "word", at=("to",)), _TEMPLATED),
                {"source": kind})
            for kind in ("ConfigMap", "Secret")
        ),
        ("point web from configmap app-setings to app-settings", "change the configmap of web from old-config to web-config",
         "point checkout from secret old-login to db-credentials"),
        ("change web from 2 to 3 replicas", "point port 80 of web to 8080"),
    ),
    "set_command": Intent(
        (
            Way('set command of {kind} {name} to "{command}" in {namespace}', "kubectl edit {kind} {name} -n {namespace}", "set", "command",
                "workload container", (_TEMPLATED, Slot("command", "text"), _CONTAINER)),
            Way('set args of {kind} {name} to "{args}" in {namespace}', "kubectl edit {kind} {name} -n {namespace}", "set", "args",
                "workload container", (_TEMPLATED, Slot("args", "text"), _CONTAINER)),
        ),
        ('set command of web to "sleep 10"', 'change the args of web to "--verbose"', 'set the command of checkout to "serve"'),
        ("what is the command of web?", "run a command in web"),
    ),
    "set_node_selector": Intent(
        (
            Way("set node selector of {kind} {name} to {node_selector} in {namespace}", "kubectl edit {kind} {name} -n {namespace}",
                "set add", "node_selector", "workload", (_TEMPLATED, Slot("node_selector", "pairs"))),
            Way("set node selector of {kind} {name} to {node_selector} in {namespace}", "kubectl edit {kind} {name} -n {namespace}",
                _UNSAID, "node_selector", "workload", (_TEMPLATED, Slot("node_selector", "pairs"))),
        ),
        ("set node selector of web to disktype=ssd", "change the node selector of checkout to kubernetes.io/os=linux",
         "set the nodeSelector of web to zone=a"),
        ("which node does web run on?", "set selector of web to app=web"),
    ),
    "rollback_rollout": Intent(
        (
            Way("roll back {kind} {name} in {namespace}", "kubectl rollout undo {kind}/{name} -n {namespace}", "rollback", "",
                "rollout workload previous_revision image revision change", (_WORKLOAD,)),
            Way("roll back {kind} {name} to revision {to_revision} in {namespace}",
                "kubectl rollout undo {kind}/{name} --to-revision={to_revision} -n {namespace}", "rollback", "revision",
                "rollout workload", (_WORKLOAD, Slot("to_revision", "count", after="revision"))),
            Way("roll back {kind} {name} in {namespace}", "kubectl rollout undo {kind}/{name} -n {namespace}", "set", "previous_revision",
                "rollout workload image", (_WORKLOAD,)),
        ),
        ("roll back web", "undo the last rollout of checkout", "roll back web to revision 3"),
        ("rollout history of web", "undo the last change"),
    ),
    "resume_rollout": Intent(
        (
            Way("resume rollout of {name} in {namespace}", "kubectl rollout resume deployment/{name} -n {namespace}", "resume", "",
                "rollout workload", (_of(kinds=("Deployment",)),)),
        ),
        ("resume the rollout of web", "unpause web", "continue the rollout of checkout"),
        ("resume the session", "pause the rollout of web"),
    ),
    "suspend": Intent(
        (
            Way("suspend {kind} {name} in {namespace}", "kubectl patch {kind} {name} -n {namespace} -p '{{\"spec\":{{\"suspend\":true}}}}'",
                "suspend", "", "workload schedule", (_of(kinds=("CronJob", "Job")),), {"suspended": True}),
            Way("resume {kind} {name} in {namespace}", "kubectl patch {kind} {name} -n {namespace} -p '{{\"spec\":{{\"suspend\":false}}}}'",
                "resume", "", "workload schedule running", (_of(kinds=("CronJob", "Job")),), {"suspended": False}),
        ),
        ("suspend cronjob nightly", "pause report", "unsuspend nightly"),
        ("pause web", "when does nightly run?"),
    ),
    "set_schedule": Intent(
        (
            Way('set schedule of {name} to "{schedule}" in {namespace}',
                "kubectl patch cronjob {name} -n {namespace} -p '{{\"spec\":{{\"schedule\":\"{schedule}\"}}}}'", "set", "schedule", "workload running",
                (_of(kinds=("CronJob",)), Slot("schedule", "schedule"))),
            Way('set schedule of {name} to "{schedule}" in {namespace}',
                "kubectl patch cronjob {name} -n {namespace} -p '{{\"spec\":{{\"schedule\":\"{schedule}\"}}}}'", "set resume allow", "", "workload running schedule",
                (_of(kinds=("CronJob",)), Slot("schedule", "schedule"))),
            Way('set schedule of {name} to "{schedule}" in {namespace}',
                "kubectl patch cronjob {name} -n {namespace} -p '{{\"spec\":{{\"schedule\":\"{schedule}\"}}}}'", _UNSAID, "schedule", "workload running",
                (_of(kinds=("CronJob",)), Slot("schedule", "schedule"))),
        ),
        ('set schedule of nightly to "0 3 * * *"', 'change the schedule of report to "*/5 * * * *"',
         'update the cron schedule of nightly to "@daily"'),
        ("run nightly at 3", "what is the schedule of nightly?"),
    ),
    "set_service_selector": Intent(
        (
            Way("set selector of service {name} to {selector} in {namespace}", "kubectl set selector service {name} {selector} -n {namespace}",
                "set", "selector", "workload", (_of(kinds=("Service",)), Slot("selector", "pairs"))),
        ),
        ("set selector of web to app=web", "change the selector of service checkout to app=checkout",
         "set the selector of payments to app=payments,tier=api"),
        ("which selector does web have?", "set node selector of web to disktype=ssd"),
    ),
    "set_service_port": Intent(
        (
            Way("set target port of service {name} port {port} to {target_port} in {namespace}", "kubectl edit service {name} -n {namespace}",
                "set point allow", "target_port port", "workload", (_of(kinds=("Service",)), Slot("port", "port", after="port"),
                                                 Slot("target_port", "port", at=("to",)))),
            Way("set target port of service {name} port {port} to {target_port} in {namespace}", "kubectl edit service {name} -n {namespace}",
                "point", "port", "workload target_port", (_of(kinds=("Service",)), Slot("port", "port", after="port"),
                                              Slot("target_port", "port", at=("to",)))),
        ),
        ("set target port of web port 80 to 8080", "point port 80 of checkout to 8080", "change the target port of web port 80 to http"),
        ("set port of the readiness probe of web to 8080", "forward port 80 of web"),
    ),
    "provision_namespace": Intent(
        # Read by agent/understanding/provisioning.py: the names are not there yet.
        (Way("provision namespace {namespace}", "desk provision-namespace {namespace}"),),
        ("create namespace payments-dev", "provision namespace web-dev with 4 CPUs and 16 GiB for team web",
         "we need a namespace web-staging for ann@example.com and bob@example.com"),
        ("create deployment web", "delete the namespace"),
    ),
    "check_namespace": Intent(
        (Way("check the guardrails of {namespace}", "desk provision-namespace {namespace} --check"),),
        ("check the guardrails of web-dev", "check guardrails in namespace web-dev", "please check the guardrails of web-dev"),
        ("check namespace shop-dev", "what is wrong in shop-dev?"),
    ),
    "onboard_team": Intent(
        # Read by agent/understanding/onboarding.py: the names are not there yet.
        (Way("onboard team {team} with namespaces {namespaces} for {members}",
             "desk onboard-team {team} --namespaces {namespaces} --members {members}"),),
        ("onboard team web with namespaces web-dev and web-staging for ann@example.com",
         "we are the web team, please give us dev and staging with 4 CPUs and 16 GB each; we are ann@example.com",
         "onboard team web with dev and qa for group oidc:web"),
        ("create namespace web-dev", "we are the web team and checkout crashes"),
    ),
    "offboard_member": Intent(
        (Way("offboard {member} from team {team}", "desk offboard-member {team} {member}"),),
        ("offboard ann@example.com from team web", "please offboard bob@example.com from the web team",
         "take ann@example.com off team web"),
        ("onboard team web", "delete pod web"),
    ),
    "rotate_kubeconfig": Intent(
        (Way("rotate the kubeconfig of {member} in team {team}", "desk rotate-kubeconfig {team} {member}"),),
        ("rotate the kubeconfig of ann@example.com in team web", "please rotate kubeconfig of bob@example.com in the web team",
         "rotate the kubeconfig of ann@example.com of team web"),
        ("restart web", "rotate the certificates of the nodes"),
    ),
    "docs": Intent(
        # Read by agent/understanding/how_to.py: what is asked is no object.
        (
            Way("show the platform's docs on {topic} in {namespace}", "desk docs {topic} -n {namespace}"),
            Way("show the platform's docs in {namespace}", "desk docs -n {namespace}"),
        ),
        ("how do I get a volume here?", "how do I deploy on this platform?", "show me the docs on networking"),
        ("how do I restart web?", "why does web not start?"),
    ),
    "save_docs": Intent(
        (
            Way("write the platform's docs for {namespace}", "desk docs --site DIR -n {namespace}"),
            Way("write the platform's docs for {namespace} to {folder}", "desk docs --site {folder} -n {namespace}"),
            Way("write the platform's docs for team {team}", "desk docs --site DIR --team {team}"),
            Way("write the platform's docs for team {team} to {folder}", "desk docs --site {folder} --team {team}"),
        ),
        ("write the platform docs", "save the docs for team web", "write the platform's documentation to ~/web-docs"),
        ("save the manifest of web", "write the logs of web to a file"),
    ),
    "deprovision_namespace": Intent(
        (Way("deprovision namespace {namespace}", "desk deprovision-namespace {namespace}"),),
        ("deprovision namespace web-dev", "please decommission the namespace web-dev", "deprovision web-dev"),
        ("delete deployment web", "should I deprovision namespace web-dev?"),
    ),
    "generate_manifest": Intent(
        # Read by agent/understanding/manifests.py: the application need not be there yet.
        (Way("make manifests for {app} in namespace {namespace}", "desk generate-manifest {app} --image IMAGE -n {namespace}"),),
        ("make me manifests for payment-service v3.2, port 8080, three replicas, reachable at pay.example.com",
         "generate manifests for the cronjob report from image ghcr.io/acme/report:1.4 running every day at 3:00",
         "erstelle Manifeste für web v2 mit 3 Replikas in den Ordner k8s"),
        ("save the manifest of web", "should I make manifests for web v2?"),
    ),
    "apply_application": Intent(
        (Way("apply manifests for {app} in namespace {namespace}", "desk generate-manifest {app} --image IMAGE -n {namespace} --apply"),),
        ("make and apply manifests for payment-service v3.2 in namespace pay-dev", "apply manifests for web v2 in web-dev",
         "generate and apply manifests for web from image ghcr.io/acme/web:v2 in namespace web-dev with 2 replicas"),
        ("make manifests for web v2", "restart web"),
    ),
    "validate_manifests": Intent(
        # Read by agent/understanding/validation.py, as mend_manifests is: no object of the cluster is named.
        (
            Way("check the manifests in {path}", "desk validate {path}"),
            Way("check the manifests in {path} for namespace {namespace}", "desk validate {path} -n {namespace}"),
        ),
        ("check the manifests in ./k8s", "are these manifests fine?", "validate deploy/web.yaml for namespace shop-dev"),
        ("save the manifest of web", "check web"),
    ),
    "mend_manifests": Intent(
        (Way("mend the manifests in {path}", "desk validate {path} --fix"),),
        ("mend the manifests in ./k8s", "please fix the manifests in k8s/base", "repair these manifests"),
        ("fix web", "should I fix the manifests in ./k8s?"),
    ),
    "template_app": Intent(
        # Read by agent/understanding/scaffolds.py: the application is not there yet.
        (Way("make a {type} called {app} in {language}", "desk template-app {app} --type {type} --language {language}"),
         Way("make a {type} called {app}", "desk template-app {app} --type {type}")),
        ("make me an API called shop on port 8080 with postgres in Go", "scaffold a worker billing in Python for team payments",
         "erstelle eine API namens shop in Java mit MySQL"),
        ("create cronjob report", "make manifests for web v2"),
    ),
    "update_scaffold": Intent(
        (Way("update the scaffold in {folder}", "desk template-app --update {folder}"),),
        ("update the scaffold in ./shop", "please update the scaffold in /srv/shop", "refresh the scaffold of ./billing"),
        ("update the image of web to web:2", "should I update the scaffold in ./shop?"),
    ),
    "create_database_login": Intent(
        (Way("create password secret {name} in {namespace}", "desk run \"create password secret {name} in {namespace}\""),),
        ("create password secret shop-db in shop-dev", "please create a random password secret shop-db in namespace shop-dev",
         "make a password secret db in web-dev"),
        ("create secret db", "create pull secret regcred"),
    ),
    "why_not_live": Intent(
        # Read by agent/understanding/delivery.py, as debug_pipeline is: the application need not be a workload.
        (
            Way("why is the last commit of {app} not live", "desk why-not-live {app}"),
            Way("why is the last commit of {app} not live in {namespace}", "desk why-not-live {app} -n {namespace}"),
            Way("why is commit {commit} of {app} not live", "desk why-not-live {app} --commit {commit}"),
            Way("why is commit {commit} of {app} not live in {namespace}", "desk why-not-live {app} --commit {commit} -n {namespace}"),
            Way("why is image {image} of {app} not live", "desk why-not-live {app} --image {image}"),
            Way("why is image {image} of {app} not live in {namespace}", "desk why-not-live {app} --image {image} -n {namespace}"),
        ),
        ("why is my last commit of checkout not in dev?", "is commit abc1234 of web live?", "where is my commit for checkout?"),
        ("why is checkout not running?", "what changed in checkout?"),
    ),
    "debug_pipeline": Intent(
        (
            Way("debug the pipelines in {namespace}", "desk debug-pipeline {namespace}"),
            Way("debug pipeline {name} in {namespace}", "desk debug-pipeline {namespace} {name}"),
        ),
        ("why did the pipeline fail?", "debug pipeline build-web in shop-dev", "why is the last build failing?"),
        ("why did the job fail?", "debug web"),
    ),
    # These five are read by agent/understanding/delivery_orders.py: applications and runs are no workloads.
    "sync_app": Intent(
        (Way("sync {app} in {namespace}", "desk call sync_app --json '{{\"app\":\"{app}\",\"namespace\":\"{namespace}\"}}'"),),
        ("sync checkout in dev", "please synchronize application checkout", "sync argocd app checkout in shop-dev"),
        ("is checkout synced?", "sync everything"),
    ),
    "refresh_app": Intent(
        (
            Way("refresh {app} in {namespace}", "kubectl annotate application/{app} argocd.argoproj.io/refresh=normal --overwrite"),
            Way("hard-refresh {app} in {namespace}", "kubectl annotate application/{app} argocd.argoproj.io/refresh=hard --overwrite",
                fixed={"hard": True}),
        ),
        ("refresh application checkout", "hard refresh checkout in dev", "refresh checkout in shop-dev"),
        ("refresh the page", "is checkout fresh?"),
    ),
    "rerun_pipeline": Intent(
        (
            Way("rerun the pipeline in {namespace}", "desk call rerun_pipeline --json '{{\"namespace\":\"{namespace}\"}}'"),
            Way("rerun pipeline {name} in {namespace}", "tkn pipeline start {name} --last -n {namespace}"),
        ),
        ("rerun the pipeline", "run pipeline build-web again", "retry the last pipeline run build-web-7 in shop-dev"),
        ("why did the pipeline fail?", "run the pipeline tomorrow"),
    ),
    "unpause_delivery": Intent(
        (Way("unpause {kind} {name} in {namespace}", "kubectl edit {kind} {name} -n {namespace}"),),
        ("unpause buildconfig web", "let pipelinerun build-7 begin", "resume application checkout in dev"),
        ("unpause the rollout of web", "pause buildconfig web"),
    ),
    "set_build_secret": Intent(
        (
            Way("set {purpose} secret of buildconfig {name} to {secret_name} in {namespace}",
                "oc set build-secret --{purpose} bc/{name} {secret_name} -n {namespace}"),
        ),
        ("set push secret of buildconfig web to quay-push", "set the pull secret for build web to quay",
         "set source-secret of buildconfig web to git-login in shop-dev"),
        ("set secret of web to db", "create a push secret"),
    ),
    "create_pull_secret": Intent(
        (
            Way("create pull secret {pull_secret} for {registry} with user {username}, password from file {file}, in {namespace}",
                "kubectl create secret docker-registry {pull_secret} --docker-server={registry} --docker-username={username} -n {namespace}",
                "create", "pull_secret", "", (Slot("pull_secret", "word", after="pull_secret"), Slot("registry", "login"))),
        ),
        ("create pull secret regcred for registry.example.com with user ann, password from file ~/login",
         "create a pull secret team for ghcr.io with user desk and password from standard input",
         "create pull secret regcred for quay.io with user ann, password from key token of secret login"),
        ("create secret db", "link pull secret regcred to default"),
    ),
    "link_pull_secret": Intent(
        (
            Way("link pull secret {pull_secret} to service account {service_account} in {namespace}",
                "kubectl patch serviceaccount {service_account} -n {namespace} -p '{{\"imagePullSecrets\":[{{\"name\":\"{pull_secret}\"}}]}}'",
                "link", "pull_secret", "service_account", (Slot("pull_secret", "word", after="pull_secret"),
                Slot("service_account", "word", at=("to", "for", "with")))),
            Way("link pull secret {pull_secret} to service account {service_account} in {namespace}",
                "kubectl patch serviceaccount {service_account} -n {namespace} -p '{{\"imagePullSecrets\":[{{\"name\":\"{pull_secret}\"}}]}}'",
                "link", "service_account", "pull_secret", (Slot("pull_secret", "word", at=("", "of")),
                Slot("service_account", "word", at=("to", "for", "with")))),
        ),
        ("link pull secret regcred to default", "link regcred to service account default", "attach pull secret team to default"),
        ("create pull secret regcred", "link web to checkout"),
    ),
    "allow": Intent(
        (
            Way("allow role {role} to {verb} {resource} in {namespace}", "kubectl edit role {role} -n {namespace}", "allow", "role", "", (
                Slot("role", "word", after="role"), Slot("verb", "access"))),
        ),
        ("allow role deployer to get configmaps", "permit role ci to list pods", "allow role ci to watch deployments"),
        ("who may delete pods?", "allow traffic to web"),
    ),
    "set_claim_class": Intent(
        (
            Way("set storage class of {name} to {storage_class} in {namespace}", "kubectl edit pvc {name} -n {namespace}", "set", "storage_class",
                "workload", (_of(kinds=("PersistentVolumeClaim",)), Slot("storage_class", "word", at=("to", "")))),
        ),
        ("set storage class of uploads to standard", "change the storage class of claim uploads to fast",
         "give uploads storage class standard"),
        ("list storage classes", "resize claim uploads"),
    ),
    "delete": Intent(
        (
            Way("delete {kind} {name} in {namespace}", "kubectl delete {kind} {name} -n {namespace}", "delete", "", "workload", (_ANY,)),
        ),
        ("delete deployment web", "remove the configmap web-config", "delete pod postgres-0"),
        ("remove env DEBUG from web", "delete the namespace"),
    ),
    "create_ecr_repository": Intent(
        # Read by agent/understanding/clouds.py, as all of clouds is: nothing of it is an object of the cluster.
        (
            Way("create ecr repository {repository} for namespace {namespace}", "desk cloud aws ecr create {repository} -n {namespace}"),
            Way("create ecr repository {repository} for team {team} in {environment} with cost center {cost_center}",
                "desk cloud aws ecr create {repository} --team {team} --environment {environment} --cost-center {cost_center}"),
            Way("create ecr repository {repository} for namespace {namespace} as a claim",
                "desk cloud aws ecr create {repository} -n {namespace} --as-claim"),
        ),
        ("create an ECR repository payments/checkout for namespace pay-dev",
         "make ecr repository shop for team shop in dev with cost center 4711",
         "erstelle ein ECR-Repository zahlung/kasse für das Team zahlung in dev mit Kostenstelle 4711"),
        ("create pull secret regcred", "clone the repository shop"),
    ),
    "scan_ecr_image": Intent(
        (Way("scan image {repository}:{tag} in ecr", "desk cloud aws ecr scan {repository} {tag}"),),
        ("scan image shop:v1 in ECR", "scan the ECR image payments/checkout:v2", "scanne das ECR-Image shop:v1"),
        ("scan the namespace", "set image of web to shop:v1"),
    ),
    "create_ecr_pull_secret": Intent(
        (Way("create ecr pull secret in {namespace}", "desk cloud aws ecr pull-secret -n {namespace}"),
         Way("create ecr pull secret {pull_secret} in {namespace}",
             "desk cloud aws ecr pull-secret -n {namespace} --pull-secret {pull_secret}")),
        ("create an ECR pull secret in pay-dev", "renew the ECR pull secret ecr-pull in namespace pay-dev",
         "erstelle ein ECR-Pull-Secret in pay-dev"),
        ("create pull secret regcred", "link pull secret ecr-pull to default"),
    ),
    "ecr_images": Intent(
        (Way("list ecr repositories", "desk cloud aws ecr images"),
         Way("list ecr images of {repository}", "desk cloud aws ecr images --repository {repository}"),
         Way("show the ecr scan of {repository}:{tag}", "desk cloud aws ecr images --repository {repository} --tag {tag}")),
        ("list the ECR repositories", "which images are in ECR repository shop?", "show the ECR findings of shop:v1"),
        ("which image does web use?", "list the images in shop-dev"),
    ),
    "s3_objects": Intent(
        (Way("list s3 buckets", "desk cloud aws s3 list"),
         Way("list objects in s3 bucket {bucket}", "desk cloud aws s3 list --bucket {bucket}")),
        ("list the S3 buckets", "which objects are in S3 bucket acme-uploads?", "zeige die Objekte im S3-Bucket acme-uploads"),
        ("list the pods", "show the volumes"),
    ),
    "create_s3_bucket": Intent(
        (Way("create s3 bucket {bucket} for namespace {namespace}", "desk cloud aws s3 create {bucket} -n {namespace}"),
         Way("create s3 bucket {bucket} for team {team} in {environment} with cost center {cost_center}",
             "desk cloud aws s3 create {bucket} --team {team} --environment {environment} --cost-center {cost_center}")),
        ("create an S3 bucket acme-uploads for namespace pay-dev", "make me an S3 bucket acme-logs for team pay in dev with cost center 4711",
         "erstelle einen S3-Bucket acme-daten für Namespace pay-dev"),
        ("create deployment bucket", "create a volume"),
    ),
    "put_s3_object": Intent(
        (Way("upload {file} to s3://{bucket}/{key}", "desk cloud aws s3 put {bucket} {key} {file}"),),
        ("upload /data/may.csv to s3://acme-uploads/may.csv", "put ~/may.csv into s3://acme-uploads/reports/may.csv",
         "lade /data/may.csv nach s3://acme-uploads/may.csv hoch"),
        ("save the manifest of web", "copy web to checkout"),
    ),
    "sign_s3_url": Intent(
        (Way("make a link to s3://{bucket}/{key} into {file}", "desk cloud aws s3 sign {bucket} {key} {file}"),),
        ("make a presigned link to s3://acme-uploads/may.csv into ~/may.link", "presign s3://acme-uploads/may.csv into /tmp/link",
         "erstelle einen Link zu s3://acme-uploads/may.csv in ~/may.link"),
        ("link pull secret regcred to default", "how do I reach web?"),
    ),
    "aws_secrets": Intent(
        (Way("list aws secrets", "desk cloud aws secrets list"),),
        ("list the AWS secrets", "which AWS secrets are there?", "zeige die AWS-Secrets"),
        ("list secrets", "show secret db-credentials"),
    ),
    "create_aws_secret": Intent(
        (Way("create aws secret {secret_name} for namespace {namespace} from file {file}",
             "desk cloud aws secrets create {secret_name} -n {namespace} --file {file}"),
         Way("create aws secret {secret_name} for namespace {namespace}", "desk cloud aws secrets create {secret_name} -n {namespace} < FILE")),
        ("create an AWS secret dev/pay/key for namespace pay-dev from file ~/key", "make aws secret dev/shop for namespace shop-dev from file /run/key",
         "erstelle ein AWS-Secret dev/pay für Namespace pay-dev aus Datei ~/key"),
        ("create secret db", "create password secret shop-db in shop-dev"),
    ),
    "update_aws_secret": Intent(
        (Way("update aws secret {secret_name} from file {file}", "desk cloud aws secrets update {secret_name} --file {file}"),
         Way("update aws secret {secret_name}", "desk cloud aws secrets update {secret_name} < FILE")),
        ("update AWS secret dev/pay/key from file ~/key", "please update the aws secret dev/shop from file /run/key",
         "aktualisiere das AWS-Secret dev/pay aus Datei ~/key"),
        ("update the image of web to web:2", "update secret db"),
    ),
    "rotate_aws_secret": Intent(
        (Way("rotate aws secret {secret_name} every {days} days with {function}", "desk cloud aws secrets rotate {secret_name} {function} --days {days}"),),
        ("rotate AWS secret dev/pay every 30 days with arn:aws:lambda:eu-central-1:123456789012:function:rotate",
         "rotate the aws secret dev/shop every 7 days with arn:aws:lambda:eu-central-1:123456789012:function:turn",
         "rotiere das AWS-Secret dev/pay alle 30 Tage mit arn:aws:lambda:eu-central-1:123456789012:function:turn"),
        ("rotate the kubeconfig of ann@example.com", "rotate the logs"),
    ),
    "restore_aws_secret": Intent(
        (Way("restore aws secret {secret_name}", "desk cloud aws secrets restore {secret_name}"),),
        ("restore AWS secret dev/pay/key", "please restore the aws secret dev/shop", "stelle das AWS-Secret dev/pay wieder her"),
        ("roll back web", "restore the database"),
    ),
    "deliver_aws_secret": Intent(
        (Way("deliver aws secret {secret_name} as {name} into {namespace}", "desk cloud aws secrets deliver {secret_name} {name} -n {namespace}"),),
        ("deliver AWS secret dev/pay/key as pay-key into pay-dev", "put the aws secret dev/shop as shop-keys into namespace shop-dev",
         "bringe das AWS-Secret dev/pay als pay-key in pay-dev"),
        ("create secret db", "put web into shop-dev"),
    ),
    "save_aws_secret": Intent(
        (Way("save aws secret {secret_name} to {file}", "desk cloud aws secrets save {secret_name} {file}"),),
        ("save AWS secret dev/pay/key to ~/pay.key", "write the aws secret dev/shop into /run/shop.key", "speichere das AWS-Secret dev/pay in ~/pay.key"),
        ("save the manifest of web", "save the logs of web"),
    ),
    "rds_databases": Intent(
        (Way("list rds databases", "desk cloud aws rds show"), Way("show rds database {database}", "desk cloud aws rds show --database {database}")),
        ("list the RDS databases", "show RDS database shop-dev", "zeige die RDS-Datenbank shop-dev"),
        ("show deployment postgres", "list the claims"),
    ),
    "create_rds_database": Intent(
        (Way("create {engine} rds database {database} for namespace {namespace}", "desk cloud aws rds create {database} --engine {engine} -n {namespace}"),
         Way("create rds database {database} for namespace {namespace}", "desk cloud aws rds create {database} -n {namespace}"),
         Way("create rds database {database} for team {team} in {environment} with cost center {cost_center}",
             "desk cloud aws rds create {database} --team {team} --environment {environment} --cost-center {cost_center}")),
        ("create an RDS database pay-dev for namespace pay-dev", "make a mysql RDS database shop for namespace shop-dev",
         "erstelle eine RDS-Datenbank pay-dev für Namespace pay-dev"),
        ("create deployment postgres", "make me an API called shop with postgres in Go"),
    ),
    "why_no_pull": Intent(
        (Way("why can pods in {namespace} not pull from ecr", "desk cloud aws ecr why-no-pull -n {namespace}"),
         Way("why can pod {pod} in {namespace} not pull from ecr", "desk cloud aws ecr why-no-pull -n {namespace} --pod {pod}")),
        ("why can my pod not pull from ECR?", "why can't pod web-1 in pay-dev pull from ECR?", "warum kann mein Pod nicht von ECR pullen?"),
        ("why does web not start?", "why is my last commit of checkout not in dev?"),
    ),
    "why_no_database": Intent(
        (Way("why can {namespace} not reach rds database {database}", "desk cloud aws rds why-not-reached {database} -n {namespace}"),),
        ("why can pay-dev not reach RDS database pay-dev?", "why can my pod not reach its RDS database shop?",
         "warum erreicht pay-dev die RDS-Datenbank pay-dev nicht?"),
        ("why is postgres not starting?", "why can web not reach checkout?"),
    ),
    "acr_images": Intent(
        (Way("list acr registries", "desk cloud azure acr images"),
         Way("list images in acr {registry}", "desk cloud azure acr images --registry {registry}"),
         Way("list images in acr {registry}/{repository}", "desk cloud azure acr images --registry {registry} --repository {repository}")),
        ("list the ACR registries", "which images are in ACR acmeshop?", "show the images in ACR acmeshop/shop/web"),
        ("which image does web use?", "list the images in shop-dev"),
    ),
    "create_acr_registry": Intent(
        (Way("create acr registry {registry} for namespace {namespace}", "desk cloud azure acr create {registry} -n {namespace}"),
         Way("create acr registry {registry} for team {team} in {environment} with cost center {cost_center}",
             "desk cloud azure acr create {registry} --team {team} --environment {environment} --cost-center {cost_center}")),
        ("create an ACR registry acmepay for namespace pay-dev", "make me an Azure ACR registry acmeshop for team shop in dev with cost center 4711",
         "erstelle eine ACR-Registry acmepay für Namespace pay-dev"),
        ("create pull secret regcred", "create deployment registry"),
    ),
    "build_acr_image": Intent(
        (Way("build {folder} into acr {registry}/{repository}:{tag}", "desk cloud azure acr build {registry} {repository} {tag} {folder}"),),
        ("build ~/web into ACR acmepay/pay/web:1.4.2", "build /src/web as ACR image acmeshop/shop/web:v2",
         "baue /src/web als ACR-Image acmepay/pay/web:1.4.2"),
        ("build the manifest of web", "why does the build of web fail?"),
    ),
    "create_acr_pull_secret": Intent(
        (Way("create acr pull secret for {registry}/{repository} in {namespace}", "desk cloud azure acr pull-secret {registry} {repository} -n {namespace}"),),
        ("create an ACR pull secret for acmepay/pay/web in pay-dev", "renew the ACR pull secret for acmeshop/shop/web in namespace shop-dev",
         "erstelle ein ACR-Pull-Secret für acmepay/pay/web in pay-dev"),
        ("create pull secret regcred", "link pull secret acr-pull to default"),
    ),
    "key_vaults": Intent(
        (Way("list key vaults", "desk cloud azure keyvault list"),
         Way("list secrets in key vault {vault}", "desk cloud azure keyvault list --vault {vault}")),
        ("list the key vaults", "which secrets are in key vault acme-pay?", "zeige die Azure Key Vaults"),
        ("list secrets", "show secret db-credentials"),
    ),
    "create_key_vault": Intent(
        (Way("create key vault {vault} for namespace {namespace}", "desk cloud azure keyvault create {vault} -n {namespace}"),
         Way("create key vault {vault} for team {team} in {environment} with cost center {cost_center}",
             "desk cloud azure keyvault create {vault} --team {team} --environment {environment} --cost-center {cost_center}")),
        ("create a key vault acme-pay for namespace pay-dev", "make me an Azure key vault acme-shop for team shop in dev with cost center 4711",
         "erstelle einen Key Vault acme-pay für Namespace pay-dev"),
        ("create secret db", "create a volume"),
    ),
    "set_key_vault_secret": Intent(
        (Way("set key vault secret {vault}/{secret_name} from file {file}", "desk cloud azure keyvault set {vault} {secret_name} --file {file}"),
         Way("set key vault secret {vault}/{secret_name}", "desk cloud azure keyvault set {vault} {secret_name} < FILE")),
        ("set key vault secret acme-pay/api-key from file ~/key", "create the key vault secret acme-shop/db from file /run/db",
         "setze das Key-Vault-Secret acme-pay/api-key aus Datei ~/key"),
        ("create secret db", "set the image of web to web:2"),
    ),
    "recover_key_vault": Intent(
        (Way("recover key vault {vault}", "desk cloud azure keyvault recover {vault}"),
         Way("recover key vault secret {vault}/{name}", "desk cloud azure keyvault recover {vault} --name {name}")),
        ("recover key vault acme-pay", "restore the key vault secret acme-pay/api-key", "stelle den Key Vault acme-pay wieder her"),
        ("roll back web", "restore the database"),
    ),
    "deliver_key_vault_secret": Intent(
        (Way("deliver key vault secret {vault}/{secret_name} as {name} into {namespace}",
             "desk cloud azure keyvault deliver {vault} {secret_name} {name} -n {namespace}"),),
        ("deliver key vault secret acme-pay/api-key as pay-key into pay-dev", "put the key vault secret acme-shop/db as shop-db into namespace shop-dev",
         "bringe das Key-Vault-Secret acme-pay/api-key als pay-key in pay-dev"),
        ("create secret db", "put web into shop-dev"),
    ),
    "save_key_vault_secret": Intent(
        (Way("save key vault secret {vault}/{secret_name} to {file}", "desk cloud azure keyvault save {vault} {secret_name} {file}"),),
        ("save key vault secret acme-pay/api-key to ~/pay.key", "write the key vault secret acme-shop/db into /run/db.key",
         "speichere das Key-Vault-Secret acme-pay/api-key in ~/pay.key"),
        ("save the manifest of web", "save the logs of web"),
    ),
    "give_key_vault_access": Intent(
        (Way("let {principal} read key vault {vault}", "desk cloud azure keyvault access {vault} {principal}"),
         Way("let {principal} write key vault {vault}", "desk cloud azure keyvault access {vault} {principal} --role writer")),
        ("let 11111111-2222-4333-8444-555555555555 read key vault acme-pay",
         "let aaaaaaaa-2222-4333-8444-555555555555 write the key vault acme-shop",
         "lass 11111111-2222-4333-8444-555555555555 lesen in Key Vault acme-pay"),
        ("give ann the role view in pay-dev", "let web read its config"),
    ),
    "why_no_acr_pull": Intent(
        (Way("why can pods in {namespace} not pull from acr", "desk cloud azure acr why-no-pull -n {namespace}"),
         Way("why can pod {pod} in {namespace} not pull from acr", "desk cloud azure acr why-no-pull -n {namespace} --pod {pod}")),
        ("why can my pod not pull from ACR?", "why can't pod web-1 in pay-dev pull from ACR?", "warum kann mein Pod nicht von ACR pullen?"),
        ("why does web not start?", "why is my last commit of checkout not in dev?"),
    ),
    "azure_databases": Intent(
        (Way("list azure {engine} databases", "desk cloud azure {engine} show"),
         Way("show azure {engine} database {database}", "desk cloud azure {engine} show --database {database}")),
        ("list the Azure postgres databases", "show Azure mysql database acme-shop", "zeige die Azure-postgres-Datenbank acme-shop"),
        ("show deployment postgres", "list the claims"),
    ),
    "create_azure_database": Intent(
        (Way("create azure {engine} database {database} with key vault {vault} for namespace {namespace}",
             "desk cloud azure {engine} create {database} {vault} -n {namespace}"),
         Way("create azure {engine} database {database} with key vault {vault} for team {team} in {environment} with cost center {cost_center}",
             "desk cloud azure {engine} create {database} {vault} --team {team} --environment {environment} --cost-center {cost_center}")),
        ("create an Azure postgres database acme-pay with key vault acme-pay for namespace pay-dev",
         "make an Azure mysql database acme-shop with key vault acme-kv for team shop in dev with cost center 4711",
         "erstelle eine Azure-postgres-Datenbank acme-pay mit Key Vault acme-pay für Namespace pay-dev"),
        ("create deployment postgres", "make me an API called shop with postgres in Go"),
    ),
    "allow_azure_address": Intent(
        (Way("allow {addresses} as {rule} to azure {engine} database {database} because {because}",
             "desk cloud azure {engine} allow {database} {rule} {addresses} {because}"),),
        ("allow 203.0.113.7 as office to Azure postgres database acme-pay because the office loads reports",
         "let 203.0.113.0/28 as agents to the Azure mysql database acme-shop because builds run migrations",
         "erlaube 203.0.113.7 als office zu Azure-postgres-Datenbank acme-pay weil das Team Berichte liest"),
        ("allow web to reach checkout", "allow traffic from shop-dev"),
    ),
    "why_no_azure_database": Intent(
        (Way("why can {namespace} not reach azure {engine} database {database}", "desk cloud azure {engine} why-not-reached {database} -n {namespace}"),),
        ("why can pay-dev not reach Azure postgres database acme-pay?", "why can my pod not reach its Azure mysql database acme-shop?",
         "warum erreicht pay-dev die Azure-postgres-Datenbank acme-pay nicht?"),
        ("why is postgres not starting?", "why can web not reach checkout?"),
    ),
    "storage_blobs": Intent(
        (Way("list storage accounts", "desk cloud azure storage list"),
         Way("list blobs in {account}/{container}", "desk cloud azure storage list --account {account} --container {container}")),
        ("list the Azure storage accounts", "which blobs are in acmepay/uploads?", "zeige die Blobs in acmepay/uploads"),
        ("list the pods", "show the volumes"),
    ),
    "create_storage_account": Intent(
        (Way("create storage account {account} for namespace {namespace}", "desk cloud azure storage create {account} -n {namespace}"),
         Way("create storage account {account} for team {team} in {environment} with cost center {cost_center}",
             "desk cloud azure storage create {account} --team {team} --environment {environment} --cost-center {cost_center}")),
        ("create an Azure storage account acmepay for namespace pay-dev", "make me a storage account acmeshop for team shop in dev with cost center 4711",
         "erstelle ein Azure-Storage-Konto acmepay für Namespace pay-dev"),
        ("create service account web", "create a volume"),
    ),
    "create_storage_container": Intent(
        (Way("create storage container {account}/{container}", "desk cloud azure storage container {account} {container}"),),
        ("create the storage container acmepay/uploads", "make an Azure container acmeshop/reports", "erstelle den Storage-Container acmepay/uploads"),
        ("create deployment uploads", "add a container to web"),
    ),
    "put_storage_blob": Intent(
        (Way("upload {file} to azure://{account}/{container}/{key}", "desk cloud azure storage put {account} {container} {key} {file}"),),
        ("upload /data/may.csv to azure://acmepay/uploads/may.csv", "put ~/may.csv into azure://acmepay/uploads/reports/may.csv",
         "lade /data/may.csv nach azure://acmepay/uploads/may.csv hoch"),
        ("save the manifest of web", "copy web to checkout"),
    ),
    "sign_storage_url": Intent(
        (Way("make a link to azure://{account}/{container}/{key} into {file}", "desk cloud azure storage sign {account} {container} {key} {file}"),),
        ("make a SAS link to azure://acmepay/uploads/may.csv into ~/may.link", "sign azure://acmepay/uploads/may.csv into /tmp/link",
         "erstelle einen Link zu azure://acmepay/uploads/may.csv in ~/may.link"),
        ("link pull secret regcred to default", "how do I reach web?"),
    ),
    "undo_last": Intent(
        (
            Way("undo the last change", "", "undo", "change", "last previous_revision"),
            Way("undo the last change", "", "undo", "previous_revision", "change last"),
        ),
        ("undo the last change", "revert my last change", "take back the last change"),
        ("undo the rollout of web", "what was the last change?"),
    ),
}
"""By the tool's name. `diagnose` has none: a complaint, or a question after health, is what it is for."""
