"""Why a probe fails: from what it asks, what the container declares, and what the kubelet and the log say.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from tools.diagnose.facts.commands import ONE_WORD, is_line, listed, separate
from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.probing import Probe, declared_ports, lacks_port, named_ports, probe_of
from tools.diagnose.logs.decisive import served_line, served_port, serves_only_itself
from tools.plaintext import one_line

_STATUS = re.compile(r"HTTP probe failed with statuscode: (\d+)")
_SAID = re.compile(r"^(?:\(combined from similar events\): )?\w+ probe (?:failed|errored[^:]*): ", re.IGNORECASE)
_NOT_FOUND_IN_IMAGE = re.compile(r'exec: "([^"]*)": (executable file not found|stat|permission denied)')
_TLS_ANSWER = re.compile(r'malformed HTTP (?:response|version|status code) "?\\x15\\x03|tls: ')
_TIMEOUT = re.compile(r"deadline exceeded|Client\.Timeout|i/o timeout|timed out|context canceled", re.IGNORECASE)
_DROPPED = re.compile(r"\bEOF\b|connection reset|readLoopPeek", re.IGNORECASE)
_GRPC_ABSENT = re.compile(r"does not implement the grpc health protocol", re.IGNORECASE)
_GRPC_SAYS = re.compile(r'responded with "(\w+)"')
_BAD_REQUEST = 400
_HOST_REFUSED_BY = (400, 403, 404, 421)
_HOST_REFUSED = re.compile(
    r"invalid (?:http_)?host(?: header)?\b|disallowed ?host|blocked (?:request\. this )?hosts?\b"
    r"|host (?:header )?['\"\[(]*[\w.:\-]*['\"\])]* ?(?:is |does )?(?:not (?:allowed|trusted|match|permitted))"
    r"|untrusted (?:host|domain)|trusted[ _]domain|misdirected request|not in (?:the )?allowed hosts",
    re.IGNORECASE,
)
_ALLOWED_HOSTS = re.compile(r"(?:ALLOWED|TRUSTED|VALID|PERMITTED)_?(?:HOST|DOMAIN|ORIGIN_HOST)S?", re.IGNORECASE)
_ITSELF = ("localhost", "127.0.0.1", "[::1]", "::1")
_BOUND_TO_ITSELF = re.compile(
    r"(?<![/@=\w])(?:127\.0\.0\.1|localhost|\[::1\]):(?P<port>\d{2,5})\b"
    r"|-{1,2}(?:[\w.]*-)?(?:host|hostname|bind|bind-address|address|addr|listen|listen-address|ip|interface)[= ]+"
    r"(?:tcp://|https?://)?(?:127\.0\.0\.1|localhost|\[::1\])(?::(?P<also>\d{2,5}))?(?![\w.])"
)
_BIND_VARIABLE = re.compile(r"^(?:HOST|HOSTNAME|BIND\w*|LISTEN\w*|\w*_(?:BIND|LISTEN)(?:_\w+)?|SERVER_ADDRESS)$")
_TLS_PORTS = (443, 8443, 6443, 9443)
_NEW_TIMEOUT_S = 5
_NEW_DELAY_S = 30
_OUTPUT_CHARS = 120

_PLACE = "A probe must ask where the application listens: the container's port, a path it has, and its scheme."
_TIME = (
    "Until an application listens, its probes fail. A startupProbe (or initialDelaySeconds) gives it the time "
    "that it needs to start; the other probes begin only after that."
)


class ProbeFailure(msgspec.Struct, frozen=True):
    """Why a probe fails.

    `said` continues "its readiness probe". `change` holds the arguments of `set_probe` that mend it, where they
    are evident. `certain`: a wait will not mend it.
    """

    said: str
    why: str
    title: str
    change: Mapping[str, Any] = msgspec.field(default_factory=dict)
    certain: bool = False
    host_header: str = ""
    """The Host header that the application would accept."""


def probe_failure(probe: Probe, container: Container, message: str, log: str) -> ProbeFailure:
    """Judge one probe that fails; `message` is the kubelet's event (empty: none), `log` the container's."""
    said = _SAID.sub("", message)
    if lacks_port(probe, container):
        return _no_such_port(probe, container)
    if "exec" in probe.spec:
        return _command(probe, container, said, known=bool(message))
    if "grpc" in probe.spec:
        return _grpc(probe, container, said, log)
    if match := _STATUS.search(said):
        return _host_refused(probe, container, int(match[1]), log) or _status(probe, container, int(match[1]))
    if "server gave HTTP response to HTTPS client" in said:
        return _scheme(probe, "HTTP", "asks by HTTPS, and the server speaks plain HTTP there")
    if _TLS_ANSWER.search(said) and probe.scheme == "HTTP":
        return _scheme(probe, "HTTPS", "asks by plain HTTP, and the server speaks TLS there")
    if "connection refused" in said.lower() or not said:
        return _refused(probe, container, log, known=bool(said))
    if _TIMEOUT.search(said):
        return _too_slow(probe)
    if _DROPPED.search(said):
        return ProbeFailure(
            f"{_asks(probe)}, and the connection is closed without an answer",
            "Something accepts the connection and does not speak HTTP there, or not with this scheme.",
            "Compare the probe's port and scheme with what the application speaks",
        )
    return ProbeFailure(f"{_asks(probe)}, and fails: {one_line(said, _OUTPUT_CHARS)}", _PLACE, _compare(probe))


def _asks(probe: Probe) -> str:
    return f"asks {one_line(probe.asks, _OUTPUT_CHARS)}"


def _compare(probe: Probe) -> str:
    return f"Compare the {probe.name} probe with where the application listens"


def _no_such_port(probe: Probe, container: Container) -> ProbeFailure:
    names, numbers = named_ports(container), declared_ports(container)
    ports = [f"{name} ({number})" for name, number in names.items()]
    ports += [str(number) for number in numbers if number not in names.values()]
    declared = f"it declares {', '.join(ports)}" if ports else "it declares none"
    right = meant_port(str(probe.port), names, numbers)
    return ProbeFailure(
        f"asks port {one_line(str(probe.port), _OUTPUT_CHARS)}, and no port of the container has that name: "
        f"{declared}",
        "A probe finds a port by its name in the ports of its own container; where no port has the name, the "
        "probe can never succeed.",
        f"Let the {probe.name} probe ask port {right}" if right else _compare(probe),
        {"port": right} if right else {},
        certain=True,
    )


def meant_port(asked: str, names: Mapping[str, int], numbers: Sequence[int]) -> int | str | None:
    """The declared port that is meant by a name that no port has: the nearest name, or the only port there is."""
    near = get_close_matches(asked, list(names), n=1) or list(names)[: len(names) == 1]
    return near[0] if near else numbers[0] if len(numbers) == 1 else None


def _command(probe: Probe, container: Container, said: str, *, known: bool) -> ProbeFailure:
    command = one_line(probe.asks, _OUTPUT_CHARS)
    why = "An exec probe runs its command inside the container: exit code 0 within timeoutSeconds is success."
    if (match := _NOT_FOUND_IN_IMAGE.search(said)) and is_line(probe.command):
        return ProbeFailure(
            f'runs "{command}", which is one word: there is no program of that name',
            ONE_WORD,
            f"Write it as separate words: {one_line(listed(separate(probe.command)), _OUTPUT_CHARS)}",
            certain=True,
        )
    if match:
        missing = one_line(match[1], _OUTPUT_CHARS)
        what = "cannot execute" if match[2] == "permission denied" else "does not have"
        return ProbeFailure(
            f'runs "{command}", and the image {what} {missing}',
            f"{why} The program must be in the image: a slim image has no curl or wget.",
            "Use a program that the image has, or a probe by httpGet or tcpSocket",
            certain=True,
        )
    if "timed out" in said or "deadline exceeded" in said:
        return ProbeFailure(
            f'runs "{command}", which takes longer than its timeout of {probe.timeout_s} s',
            why,
            f"Give the command {_NEW_TIMEOUT_S} s"
            if probe.timeout_s < _NEW_TIMEOUT_S
            else "Make the command faster",
            {"timeout_s": _NEW_TIMEOUT_S} if probe.timeout_s < _NEW_TIMEOUT_S else {},
        )
    output = one_line(said, _OUTPUT_CHARS)
    fails = f"which fails: {output}" if output else "which fails and prints nothing"
    fails = fails if known else "which has not succeeded yet"
    title = f"Run it in the container to see why: kubectl exec {container.pod_name} -c {container.name} -- ..."
    return ProbeFailure(f'runs "{command}", {fails}', why, title)


def _grpc(probe: Probe, container: Container, said: str, log: str) -> ProbeFailure:
    if match := _GRPC_SAYS.search(said):
        return _says_itself(probe, match[1])
    if _GRPC_ABSENT.search(said):
        return ProbeFailure(
            f"{_asks(probe)}, and the server does not implement the gRPC health protocol (grpc.health.v1.Health)",
            "A grpc probe calls the health service of gRPC, which the application has to register.",
            "Register the health service in the application, or probe by tcpSocket",
            certain=True,
        )
    wrong = _wrong_port(probe, container, log)
    return wrong or ProbeFailure(
        f"{_asks(probe)}, and no gRPC server answers there within {probe.timeout_s} s",
        _PLACE,
        _compare(probe),
    )


def _status(probe: Probe, container: Container, status: int) -> ProbeFailure:
    if status == 404:
        return _no_such_path(probe, container)
    if status == 400 and probe.scheme == "HTTP":
        return _perhaps_tls(probe, container)
    if status in (401, 403):
        return ProbeFailure(
            f"{_asks(probe)}, and gets {status}: the server wants a login for that path",
            "The kubelet sends no credentials; a probe needs a path that answers without a login.",
            "Let the probe ask a path that needs no login",
            certain=True,
        )
    if status >= 500:
        return _says_itself(probe, str(status))
    return ProbeFailure(
        f"{_asks(probe)}, and gets {status}", "A probe by HTTP succeeds with 200 to 399.", _compare(probe)
    )


def _host_refused(probe: Probe, container: Container, status: int, log: str) -> ProbeFailure | None:
    """The application answers for certain names only, and the kubelet asks by the pod's address."""
    headers = probe.handler.get("httpHeaders") or ()
    if status not in _HOST_REFUSED_BY or any(str(each.get("name")).lower() == "host" for each in headers):
        return None
    told = next((line for line in reversed(log.splitlines()) if _HOST_REFUSED.search(line)), "")
    variable, allowed = _allowed_hosts(container)
    if not told and not (variable and status == _BAD_REQUEST):
        return None
    because = (
        f'its log says "{one_line(told, _OUTPUT_CHARS)}"' if told else f"its env {variable} does not name that"
    )
    given = f" (env {variable}: {one_line(', '.join(allowed), 80)})" if variable else ""
    right = next((each for each in allowed if each not in _ITSELF), "localhost" if "localhost" in allowed else "")
    return ProbeFailure(
        f"{_asks(probe)}, and gets {status}: the application refuses the probe's Host header, which is the pod's "
        f"address; {because}{given}",
        "The kubelet asks the pod by its address, and sends that as the Host header unless the probe gives another "
        "in httpHeaders. Applications that answer for certain names only refuse it.",
        f"Give the probe the Host header {right}"
        if right
        else "Give the probe a Host header that the application "
        "allows (httpGet.httpHeaders), or allow the pod's address",
        certain=True,
        host_header=right,
    )


def _allowed_hosts(container: Container) -> tuple[str, list[str]]:
    """The variable that names the hosts an application answers for, and those; nothing where it allows all."""
    for each in container.spec.get("env") or ():
        names = [part for part in re.split(r"[\s,;\[\]\"']+", str(each.get("value") or "")) if part]
        if names and _ALLOWED_HOSTS.search(str(each.get("name"))):
            return ("", []) if "*" in names else (str(each["name"]), [name.lstrip(".") for name in names])
    return "", []


def _says_itself(probe: Probe, answer: str) -> ProbeFailure:
    return ProbeFailure(
        f"{_asks(probe)}, and the application itself answers {answer}",
        "The probe reaches the application, which says that it is not well: what it depends on is missing, or it "
        "is still starting. Its log says more.",
        "Read what the application's log says",
    )


def _no_such_path(probe: Probe, container: Container) -> ProbeFailure:
    path = str(probe.handler.get("path") or "/")
    others = (probe_of(container, name) for name in ("readiness", "liveness", "startup") if name != probe.name)
    paths = [
        str(other.handler.get("path"))
        for other in others
        if other is not None and "httpGet" in other.spec and other.handler.get("path") not in (None, path)
    ]
    near = get_close_matches(path, paths, n=1, cutoff=0.5)
    hint = f"; its other probe asks {one_line(near[0], _OUTPUT_CHARS)}" if near else ""
    return ProbeFailure(
        f"{_asks(probe)}, and gets 404: the server has no path {one_line(path, _OUTPUT_CHARS)}{hint}",
        _PLACE,
        f"Let the {probe.name} probe ask {near[0]}"
        if near
        else "Let the probe ask a path that the application has",
        {"path": near[0]} if near else {},
        certain=True,
    )


def _perhaps_tls(probe: Probe, container: Container) -> ProbeFailure:
    number = _number(probe, container)
    if number in _TLS_PORTS:
        return _scheme(probe, "HTTPS", "asks by plain HTTP and gets 400, as a server that speaks TLS answers")
    return ProbeFailure(
        f"{_asks(probe)}, and gets 400: the server does not understand the request, or speaks TLS",
        _PLACE,
        _compare(probe),
    )


def _scheme(probe: Probe, right: str, what: str) -> ProbeFailure:
    return ProbeFailure(
        f"{what} (port {probe.port})",
        _PLACE,
        f"Let the {probe.name} probe ask by {right}",
        {"scheme": right},
        certain=True,
    )


def _refused(probe: Probe, container: Container, log: str, *, known: bool) -> ProbeFailure:
    if wrong := _wrong_port(probe, container, log):
        return wrong
    number = _number(probe, container)
    said = served_port(log) == number and serves_only_itself(log)
    if known and number is not None and (said or (where := _bound_to_itself(container, number))):
        told = f'its log says "{served_line(log)}"' if said else where
        return ProbeFailure(
            f"{_asks(probe)}, and the application listens on 127.0.0.1 alone ({told}), where the kubelet does not "
            "reach it",
            "Probes and Services come to the pod's own address: an application that listens on 127.0.0.1 answers "
            "only programs of the same pod.",
            "Let the application listen on 0.0.0.0",
            certain=True,
        )
    nothing = f"nothing listens on port {number}" if known else "it has not succeeded yet"
    if served_port(log) == number and number is not None:
        nothing = f"nothing listened on port {number} yet, though its log says it serves there later"
    early = probe.name != "readiness" and probe.allowed_s < _NEW_DELAY_S
    return ProbeFailure(
        f"{_asks(probe)}, and {nothing}" + (f" in the {probe.allowed_s} s that it allows" if early else ""),
        _TIME
        if early
        else "Nothing accepts connections there: the application is still starting, or hangs, or "
        "listens somewhere else.",
        f"If it only needs longer to start, let the {probe.name} probe begin after {_NEW_DELAY_S} s"
        if early
        else _compare(probe),
        {"initial_delay_s": _NEW_DELAY_S} if early else {},
    )


def _bound_to_itself(container: Container, port: int) -> str:
    """Where the container is told to listen on 127.0.0.1, for that port or any; empty where it is not."""
    for field in ("command", "args"):
        for match in _BOUND_TO_ITSELF.finditer(" ".join(str(word) for word in container.spec.get(field) or ())):
            if (match["port"] or match["also"] or str(port)) == str(port):
                return f"its {field} says {one_line(match[0], _OUTPUT_CHARS)}"
    for each in container.spec.get("env") or ():
        if _BIND_VARIABLE.search(str(each.get("name"))) and str(each.get("value")).partition(":")[0] in _ITSELF:
            return f"its env sets {each['name']} to {each['value']}"
    return ""


def _wrong_port(probe: Probe, container: Container, log: str) -> ProbeFailure | None:
    """The port is not where the log says it serves; or, where it says nothing, not the one that is declared."""
    asked, served, declared = _number(probe, container), served_port(log), declared_ports(container)
    if asked is None or asked == served:
        return None
    if served is not None:
        reason, right = f"its log says that it serves on {served}", served
    elif len(declared) >= 1 and asked not in declared:
        reason, right = f"the container declares {', '.join(map(str, declared))}", declared[0]
    else:
        return None
    only = served is not None or len(declared) == 1
    names = [name for name, number in named_ports(container).items() if number == right]
    port: int | str = names[0] if names and "grpc" not in probe.spec else right
    return ProbeFailure(
        f"{_asks(probe)}, and nothing listens on port {asked}: {reason}",
        _PLACE,
        f"Let the {probe.name} probe ask port {port}" if only else _compare(probe),
        {"port": port} if only else {},
        certain=True,
    )


def _number(probe: Probe, container: Container) -> int | None:
    if isinstance(probe.port, int):
        return probe.port
    text = str(probe.port)
    return int(text) if text.isdecimal() else named_ports(container).get(text)


def _too_slow(probe: Probe) -> ProbeFailure:
    longer = probe.timeout_s < _NEW_TIMEOUT_S
    return ProbeFailure(
        f"{_asks(probe)}, and gets no answer within its timeout of {probe.timeout_s} s",
        "The application is too busy or hangs, its CPU limit slows it down, or the timeout (1 s unless the probe "
        "says otherwise) is too short for what it does.",
        f"Give it {_NEW_TIMEOUT_S} s to answer" if longer else "See why it does not answer in time",
        {"timeout_s": _NEW_TIMEOUT_S} if longer else {},
    )
