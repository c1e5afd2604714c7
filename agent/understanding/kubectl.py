"""A command of kubectl, oc or helm as it is typed, as the call that does the same. Pure.

Source: https://kubernetes.io/docs/reference/kubectl/generated/
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.understanding.spelling import nearest
from agent.understanding.wishes import Call, misfit
from agent.understanding.world import World
from tools.cluster.resources import BUILTIN, find
from tools.json import Json

_PROGRAMS = r"(?:kubectl|oc|k|helm)"
_COURTESY = re.compile(
    r"`?\s*(?:,?\s*(?:for (?:me|us)|please|thanks|thank you|bitte|danke|now))*\s*[.!]?\s*$", re.IGNORECASE
)
_CLUSTERS = (
    "Node",
    "Namespace",
    "PersistentVolume",
    "StorageClass",
    "ClusterRole",
    "ClusterRoleBinding",
    "IngressClass",
)
"""Kinds of no namespace, which are Atlas's to delete."""
_ATLAS = ("drain", "cordon", "uncordon", "taint")
"""What is done to nodes."""
_LEAD = re.compile(
    r"^(?:(?:hey|hi|hello|desk|please|bitte|now)[\s,]+)*(?:(?:can|could|would|will) (?:you|u) |kannst du )?"
    r"(?:(?:please|bitte|just|mal|now) )*(?:(?:run|execute|type|call)[:\s]+)?(?:the (?:following )?(?:command )?)?"
    r"[:\s]*[$]?\s*[`\"']?\s*"
    rf"(?P<command>{_PROGRAMS} (?!is\b|says\b|does\b|shows\b|gives\b|command\b|on\b|in\b)\S.*)$",
    re.DOTALL | re.IGNORECASE,
)
_KIND_WORDS = tuple({word for resource in BUILTIN for word in (resource.plural, resource.kind.casefold())})
_SWITCHES = frozenset(
    [
        "-A",
        "--all-namespaces",
        "-w",
        "--watch",
        "-f",
        "--follow",
        "-p",
        "--previous",
        "--all",
        "--list",
        "--force",
        "--now",
        "--show-labels",
        "--no-headers",
        "--overwrite",
        "--all-containers",
        "--containers",
        "--ignore-not-found",
        "--timestamps",
    ]
)
_SHORT = {
    "-n": "--namespace",
    "-o": "--output",
    "-l": "--selector",
    "-c": "--container",
    "-p": "--previous",
    "-A": "--all-namespaces",
    "-f": "--follow",
    "-w": "--watch",
    "-e": "--env",
    "-L": "--label-columns",
}
_LOOKS = frozenset(
    [
        "--output",
        "--watch",
        "--follow",
        "--show-labels",
        "--no-headers",
        "--sort-by",
        "--label-columns",
        "--timestamps",
        "--all-containers",
        "--containers",
        "--ignore-not-found",
    ]
)
"""What changes how a look is printed, and not what is looked at."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The calls of the commands in a line; `problem` says why one of them is none of Desk's."""

    calls: tuple[Call, ...] = ()
    problem: str = ""
    is_atlas: bool = False
    """It is done to nodes, which are Atlas's."""


class _Atlas(Exception):
    """The command is about nodes."""


@dataclass
class _Typed:
    """A command's words and flags; what is used is taken out, so that what is left is not understood."""

    words: list[str]
    flags: dict[str, list[str]] = field(default_factory=dict)

    def flag(self, name: str) -> str:
        """A flag's value, which counts as understood; empty when it is not given."""
        found = self.flags.pop(name, [])
        if len(found) > 1:
            raise _NotUnderstood(f"{name} is given {len(found)} times")
        return found[0] if found else ""


class _NotUnderstood(Exception):
    """The command has no equal among the tools; the text says what of it."""


def parsed(task: str, world: World, schemas: Mapping[str, Json]) -> Commands | None:
    """The calls that a task's commands amount to; None when the task is no command."""
    lead = _LEAD.match(re.sub(r"[^\S\n]+", " ", task).strip())
    if lead is None:
        return None
    line = lead["command"].strip().rstrip("`")
    if re.match(r"\W*(?:please |hey |hi |desk |\W)*(?:can|could|would|will) (?:you|u)\b", task, re.IGNORECASE):
        line = line.rstrip("? ")
    if line.endswith("?"):
        return Commands((), f'"{line}" ends with a question mark: say it without, to have it done.')
    calls: list[Call] = []
    for command in re.split(r"\s*(?:&&|;|\n)\s*", line):
        if not command:
            continue
        try:
            calls += _calls(command, world)
        except _Atlas:
            return Commands(is_atlas=True)
        except _NotUnderstood as error:
            return Commands((), f'Of "{command}" I do not understand: {error}. Nothing was done.')
        except ValueError as error:
            return Commands((), f'"{command}" cannot be read: {error}.')
    missing = [call.tool for call in calls if call.tool not in schemas]
    if missing:
        return Commands(tuple(calls), f"There is no tool for {missing[0]} here.")
    odd = [why for call in calls if (why := misfit(call, schemas[call.tool]))]
    return Commands(tuple(calls), f'"{line}": {odd[0]}.' if odd else "")


def _calls(command: str, world: World) -> list[Call]:
    words = shlex.split(_COURTESY.sub("", command))
    if (words and words[-1] in ("?", "please")) or any(
        word in ("|", ">", ">>", "||", "&") or word.startswith("$(") for word in words
    ):
        raise _NotUnderstood("what is not the command itself, such as |, >, & or ?")
    typed = _typed(words[1:])
    if words[0] == "helm":
        return _finished(typed, _helm(typed, world))
    verb = typed.words.pop(0) if typed.words else ""
    if verb in _ATLAS:
        raise _Atlas
    for length in (2, 1, 0):
        said = " ".join((verb, *typed.words[:length]))
        near = nearest(said, _COMMANDS)
        read = _COMMANDS.get(said) or (_COMMANDS.get(near) if near != "delete" else None)
        if read is not None:
            del typed.words[:length]
            return _finished(typed, read(typed, world))
    raise _NotUnderstood(f"{verb or 'nothing'}, for which there is no tool")


def _typed(words: Sequence[str]) -> _Typed:
    typed = _Typed([])
    at = 0
    while at < len(words):
        word = words[at]
        name, equals, value = word.partition("=")
        if word == "--":
            raise _NotUnderstood("what follows --")
        if not word.startswith("-") or word == "-":
            typed.words.append(word)
        elif equals:
            typed.flags.setdefault(_SHORT.get(name, name), []).append(value)
        elif word in _SWITCHES or at + 1 >= len(words):
            typed.flags.setdefault(_SHORT.get(word, word), []).append("true")
        elif re.fullmatch(r"-[nocl]\S+", word):
            typed.flags.setdefault(_SHORT[word[:2]], []).append(word[2:])
        else:
            typed.flags.setdefault(_SHORT.get(word, word), []).append(words[at + 1])
            at += 1
        at += 1
    return typed


def _finished(typed: _Typed, calls: list[Call]) -> list[Call]:
    left = [*typed.words, *typed.flags]
    if left:
        raise _NotUnderstood(", ".join(left))
    return calls


def _namespace(typed: _Typed, world: World) -> str:
    given = typed.flags.get("--namespace")
    said = typed.flag("--namespace")
    if given and (said in ("", "true") or (world.namespaces and said not in world.namespaces)):
        raise _NotUnderstood(f"the namespace {said!r}, which there is not")
    return said or world.namespace


def _looks(typed: _Typed) -> None:
    for name in _LOOKS:
        typed.flags.pop(name, None)


def _objects(typed: _Typed) -> list[tuple[str, str]]:
    """(kind, name) of `deployment web api`, `deploy/web svc/web`; the kind alone has an empty name."""
    words, typed.words = typed.words, []
    if not words:
        raise _NotUnderstood("which object is meant")
    if all("/" in word for word in words):
        pairs = [tuple(word.split("/", 1)) for word in words]
    else:
        kinds = words[0].split(",")
        pairs = [(kind, name) for kind in kinds for name in (words[1:] or [""])]
    found = []
    for kind, name in pairs:
        known = find(kind)
        if known is None and (guessed := nearest(kind.casefold(), _KIND_WORDS)):
            known = find(guessed)
        found.append((known.kind if known is not None else kind, name))
    return found


def _named(arguments: Json, kind: str) -> Json:
    return arguments if kind == "Deployment" else {**arguments, "kind": kind}


def _workloads(typed: _Typed, world: World, tool: str, more: Json) -> list[Call]:
    namespace = _namespace(typed, world)
    calls = []
    for kind, said in _objects(typed):
        if not said:
            raise _NotUnderstood(f"which {kind}")
        name = _listed(kind, said, namespace, world)
        calls.append(Call(tool, {**_named({"name": name}, kind), **more, "namespace": namespace}))
    return calls


def _listed(kind: str, said: str, namespace: str, world: World) -> str:
    """The name of an object that is there: the one that is said, or that it is a typing error of."""
    names = world.names.get(namespace, {}).get(kind)
    if names is None or said in names:
        return said
    near = nearest(said, names)
    if not near:
        raise _NotUnderstood(f"{kind} {said}, which is not in {namespace}")
    return near


def _get(typed: _Typed, world: World) -> list[Call]:
    everywhere = bool(typed.flag("--all-namespaces"))
    selector = typed.flag("--selector")
    _looks(typed)
    namespace = _namespace(typed, world)
    calls = []
    for kind, name in _objects(typed):
        if kind in ("Event", "events") and not name:
            calls.append(Call("events", {"namespace": namespace}))
        elif name:
            calls.append(Call("get", {"kind": kind, "name": name, "namespace": namespace}))
        else:
            where: Json = {} if everywhere or kind in ("Node", "Namespace") else {"namespace": namespace}
            known = find(kind)
            plural = known.plural if known is not None else kind
            calls.append(Call("list", {"kind": plural, **({"selector": selector} if selector else {}), **where}))
    return calls


def _describe(typed: _Typed, world: World) -> list[Call]:
    namespace = _namespace(typed, world)
    return [
        Call("describe", {"kind": kind, "name": name, "namespace": namespace}) for kind, name in _objects(typed)
    ]


def _logs(typed: _Typed, world: World) -> list[Call]:
    arguments: Json = {"namespace": _namespace(typed, world)}
    if typed.flag("--previous"):
        arguments["previous"] = True
    if tail := typed.flag("--tail"):
        arguments["tail_lines"] = _number(tail)
    if container := typed.flag("--container"):
        arguments["container"] = container
    _looks(typed)
    if not typed.words:
        raise _NotUnderstood("whose logs")
    if len(typed.words) == 2 and "container" not in arguments:
        arguments["container"] = typed.words.pop()
    pod = typed.words.pop(0)
    return [Call("logs", {**arguments, "pod": pod.rpartition("/")[2]})]


def _scale(typed: _Typed, world: World) -> list[Call]:
    replicas = typed.flag("--replicas")
    if not replicas:
        raise _NotUnderstood("to how many replicas")
    return _workloads(typed, world, "scale", {"replicas": _number(replicas)})


def _restart(typed: _Typed, world: World) -> list[Call]:
    return _workloads(typed, world, "restart", {})


def _rollback(typed: _Typed, world: World) -> list[Call]:
    revision = typed.flag("--to-revision")
    return _workloads(typed, world, "rollback_rollout", {"to_revision": _number(revision)} if revision else {})


def _set_image(typed: _Typed, world: World) -> list[Call]:
    pairs = _pairs(typed)
    if len(pairs) != 1:
        raise _NotUnderstood("which container gets which image")
    ((container, image),) = pairs.items()
    if not container or not image:
        raise _NotUnderstood("which container gets which image")
    more: Json = {"image": image, **({} if container == "*" else {"container": container})}
    return _workloads(typed, world, "set_image", more)


def _set_env(typed: _Typed, world: World) -> list[Call]:
    removed = [word[:-1] for word in typed.words if re.fullmatch(r"[A-Za-z_]\w*-", word)]
    typed.words = [word for word in typed.words if word[:-1] not in removed]
    pairs = {**_pairs(typed), **dict(each.split("=", 1) for each in typed.flags.pop("--env", []))}
    more: Json = {**({"variables": pairs} if pairs else {}), **({"remove": removed} if removed else {})}
    if container := typed.flag("--container"):
        more["container"] = container
    lists = typed.flags.pop("--list", None)
    if (lists and more) or any(name in pairs for name in removed):
        raise _NotUnderstood("whether to set, to remove or to list")
    return _workloads(typed, world, "set_env" if more else "show_container", more or {"what": "env"})


def _set_resources(typed: _Typed, world: World) -> list[Call]:
    more: Json = {}
    for flag, side in (("--limits", "limit"), ("--requests", "request")):
        for pair in filter(None, typed.flag(flag).split(",")):
            resource, _, amount = pair.partition("=")
            if resource not in ("cpu", "memory") or not amount:
                raise _NotUnderstood(f"{flag}={pair}")
            more[f"{resource}_{side}"] = amount
    if container := typed.flag("--container"):
        more["container"] = container
    if not more:
        raise _NotUnderstood("which limits or requests")
    return _workloads(typed, world, "set_resources", more)


def _delete(typed: _Typed, world: World) -> list[Call]:
    namespace = _namespace(typed, world)
    found = _objects(typed)
    if any(not name for _, name in found):
        raise _NotUnderstood("which objects, one by one")
    if any(kind in _CLUSTERS for kind, _ in found):
        raise _Atlas
    return [
        Call("delete", {"kind": kind, "name": _there(kind, name, namespace, world), "namespace": namespace})
        for kind, name in found
    ]


def _there(kind: str, said: str, namespace: str, world: World) -> str:
    """The name as it was said, which must be that of an object: nothing is deleted for a typing error."""
    if _listed(kind, said, namespace, world) != said:
        raise _NotUnderstood(f"{kind} {said}, which is not in {namespace}")
    return said


def _top(typed: _Typed, world: World) -> list[Call]:
    typed.flags.pop("--containers", None)
    if typed.words[:1] not in (["pods"], ["pod"], ["po"]):
        raise _NotUnderstood("top of anything but pods")
    typed.words = typed.words[2:] if len(typed.words) == 2 else typed.words[1:]
    return [Call("top", {"namespace": _namespace(typed, world)})]


def _events(typed: _Typed, world: World) -> list[Call]:
    arguments: Json = {"namespace": _namespace(typed, world)}
    if about := typed.flag("--for"):
        arguments["name"] = about.rpartition("/")[2]
    _looks(typed)
    return [Call("events", arguments)]


def _can_i(typed: _Typed, world: World) -> list[Call]:
    if len(typed.words) != 2:
        raise _NotUnderstood("which verb on which kind")
    verb, resource = typed.words
    typed.words = []
    who = typed.flag("--as")
    more = {"user": who} if who else {}
    return [Call("who_can", {"namespace": _namespace(typed, world), "verb": verb, "resource": resource, **more})]


def _who_can(typed: _Typed, world: World) -> list[Call]:
    if len(typed.words) != 2:
        raise _NotUnderstood("which verb on which kind")
    verb, resource = typed.words
    typed.words = []
    return [Call("who_can", {"namespace": _namespace(typed, world), "verb": verb, "resource": resource})]


def _whoami(_typed: _Typed, _world: World) -> list[Call]:
    return [Call("whoami", {})]


def _forward(typed: _Typed, world: World) -> list[Call]:
    if len(typed.words) != 2:
        raise _NotUnderstood("which port of what")
    target, ports = typed.words
    typed.words = [target] if "/" in target else ["pod", target]
    local, colon, port = ports.rpartition(":")
    namespace = _namespace(typed, world)
    ((kind, name),) = _objects(typed)
    more: Json = {"port": int(port) if port.isdigit() else port}
    if colon and local.isdigit():
        more["local_port"] = int(local)
    return [
        Call(
            "port_forward",
            {"name": name, **({} if kind == "Service" else {"kind": kind}), **more, "namespace": namespace},
        )
    ]


def _status(typed: _Typed, world: World) -> list[Call]:
    watch = typed.flag("--watch")
    timeout = typed.flag("--timeout")
    more: Json = {"timeout_s": _seconds(timeout)} if timeout else {}
    tool = "wait_for_rollout" if timeout or watch == "true" else "rollout_status"
    return _workloads(typed, world, tool, more)


def _simply(tool: str) -> Callable[[_Typed, World], list[Call]]:
    return lambda typed, world: _workloads(typed, world, tool, {})


def _link(typed: _Typed, world: World) -> list[Call]:
    """`oc secrets link default regcred --for=pull`."""
    purpose = typed.flag("--for")
    if purpose != "pull" or len(typed.words) != 2:
        raise _NotUnderstood("linking but for pulls (--for=pull) of one secret")
    account, secret = typed.words
    typed.words = []
    names = {"pull_secret": secret, "service_account": account.rpartition("/")[2]}
    return [Call("link_pull_secret", {**names, "namespace": _namespace(typed, world)})]


def _helm(typed: _Typed, world: World) -> list[Call]:
    verb, *rest = typed.words or [""]
    typed.words = []
    if verb == "rollback" and rest:
        release, *revision = rest
        more: Json = {"to_revision": _number(revision[0])} if revision else {}
        typed.words = revision[1:]
        if release not in world.of_kind("Deployment", world.namespace) and world.knows(world.namespace):
            raise _NotUnderstood(f"release {release}, of which there is no Deployment")
        return [Call("rollback_rollout", {"name": release, **more, "namespace": _namespace(typed, world)})]
    raise _NotUnderstood(f"helm {verb}")


def _pairs(typed: _Typed) -> dict[str, str]:
    said = [word.split("=", 1) for word in typed.words if "=" in word]
    pairs = dict(said)
    if len(pairs) != len(said):
        raise _NotUnderstood("which of two values is meant")
    typed.words = [word for word in typed.words if "=" not in word]
    return pairs


def _number(said: str) -> int:
    if not said.isdigit():
        raise _NotUnderstood(f"the number {said}")
    return int(said)


def _seconds(said: str) -> int:
    found = re.fullmatch(r"(\d+)(s|m|)", said)
    if found is None:
        raise _NotUnderstood(f"the time {said}")
    return int(found[1]) * (60 if found[2] == "m" else 1)


_COMMANDS: Mapping[str, Callable[[_Typed, World], list[Call]]] = {
    "get": _get,
    "describe": _describe,
    "logs": _logs,
    "scale": _scale,
    "rollout restart": _restart,
    "rollout undo": _rollback,
    "rollout status": _status,
    "rollout history": _simply("rollout_history"),
    "rollout resume": _simply("resume_rollout"),
    "set image": _set_image,
    "set env": _set_env,
    "set resources": _set_resources,
    "delete": _delete,
    "top": _top,
    "adm top": _top,
    "events": _events,
    "auth can-i": _can_i,
    "auth whoami": _whoami,
    "whoami": _whoami,
    "who-can": _who_can,
    "adm policy who-can": _who_can,
    "port-forward": _forward,
    "secrets link": _link,
}
