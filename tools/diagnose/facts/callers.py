"""Who calls a Service: the workloads of its namespace that carry its name in their environment or command.

Only what is written as an address counts: `http://NAME`, `NAME:PORT`, the names of cluster DNS, and the bare
name in a variable that is called a host.
Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tools.diagnose.facts.crashes import crashes
from tools.diagnose.facts.workloads import Workload, workload_of, workloads
from tools.diagnose.logs.context import service_called
from tools.diagnose.terms import Json, Snapshot, grouped, once
from tools.plaintext import one_line

_ADDRESS = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^\s/@]*@)?|(?<![\w./@-]))"
    r"(?P<name>[a-z]([a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?P<rest>(?:\.[a-z0-9-]+)*)"
    r"(?::(?P<port>\d{1,5})\b)?(?![\w-])"
)
_HOST_VARIABLE = re.compile(r"(HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT|UPSTREAM|_SERVICE)$", re.I)
_SCHEME_PORTS = {"http": 80, "https": 443}
_SCANNED_CHARS = 4000


class Call(msgspec.Struct, frozen=True):
    """One place where a workload names a Service; `port` None where it does not say which."""

    caller: Workload
    service: str
    port: int | None
    said: str


@once
def calls(snapshot: Snapshot) -> tuple[Call, ...]:
    """Every place where a workload names a Service of the namespace; worked out once for a snapshot."""
    return tuple(_calls(snapshot))


def calls_of(service: str, snapshot: Snapshot) -> Sequence[Call]:
    """Those of one Service, and the calls of it that the logs of crashes say were not answered in time."""
    return _by_service(snapshot).get(service, ())


@once
def _by_service(snapshot: Snapshot) -> dict[str, list[Call]]:
    return grouped((*calls(snapshot), *_in_vain(snapshot)), lambda call: call.service)


def _in_vain(snapshot: Snapshot) -> Iterator[Call]:
    for crash in crashes(snapshot):
        caller, error = workload_of(crash.container.owner, snapshot), crash.error
        called = service_called(error, snapshot) if caller and error and error.kind == "timeout" else None
        if caller and called:
            yield Call(caller, str(called[0]["metadata"]["name"]), called[1], f"log: {crash.line}")


def _calls(snapshot: Snapshot) -> Iterator[Call]:
    names = frozenset(snapshot.names("Service"))
    for workload in workloads(snapshot):
        for where, text, is_host in _texts(workload.pod_spec):
            for match in _ADDRESS.finditer(text[:_SCANNED_CHARS]):
                if match["name"] in names and _is_address(match, text, snapshot.namespace, is_host=is_host):
                    yield Call(
                        workload, match["name"], _port(match), one_line(f"{where}: {_without_user(match[0])}", 160)
                    )


def _texts(pod_spec: Json) -> Iterator[tuple[str, str, bool]]:
    for container in (*(pod_spec.get("containers") or ()), *(pod_spec.get("initContainers") or ())):
        for variable in container.get("env") or ():
            if variable.get("value"):
                name = str(variable.get("name"))
                yield f"env {name}", str(variable["value"]), bool(_HOST_VARIABLE.search(name))
        for field in ("command", "args"):
            for word in container.get(field) or ():
                yield field, str(word), False


def _is_address(match: re.Match[str], text: str, namespace: str, *, is_host: bool) -> bool:
    rest = match["rest"]
    if rest and rest not in (f".{namespace}", f".{namespace}.svc") and not rest.startswith(f".{namespace}.svc."):
        return False
    return bool(match["scheme"] or match["port"] or rest) or (is_host and match[0] == text.strip())


def _port(match: re.Match[str]) -> int | None:
    return int(match["port"]) if match["port"] else _SCHEME_PORTS.get(match["scheme"] or "")


def _without_user(address: str) -> str:
    """An address without the user and password before its host."""
    scheme, slashes, rest = address.rpartition("://")
    return scheme + slashes + rest.rpartition("@")[2]
