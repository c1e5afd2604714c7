"""Services whose targetPort no container has.

Source: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
"""

from __future__ import annotations

from tools.diagnose.facts.naming import said
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.remedies import Operations, by_tool, patched
from tools.diagnose.facts.service_pods import (
    container_ports,
    pods_behind,
    ports_of,
    selector_of,
    service_ref,
    target_of,
)
from tools.diagnose.facts.workloads import workloads_matching
from tools.diagnose.terms import Cause, Evidence, Finding, Json, ObjectRef, Remedy, Severity, Snapshot
from tools.plaintext import one_line

SERVICE_PORT_MISMATCH = Cause(
    "ServicePortMismatch",
    topic="networking",
    means="The Service sends traffic to a port that its pods do not have.",
    why=(
        "port is what clients ask for, targetPort where the pods are asked. A targetPort that is a name is looked "
        "up among the ports the containers declare, with the same protocol; without it the Service has no "
        "endpoint. A number is taken as it stands, declared or not: when nothing listens there, clients are "
        "refused."
    ),
    mend="Set targetPort to the number, or the name, of the port on which the application listens.",
    example=(
        "Service web sends port 80 to the port named htpp, which no container of Deployment web has; "
        "they have 8080 (http)"
    ),
    source="https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",
    called=r"\btarget ?port\b",
)
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")


def port_mismatches(
    service: Json, ports: list[Json], behind: tuple[Json, ...], snapshot: Snapshot
) -> list[Finding]:
    """Which of these ports of a Service lead to no port of the pods behind it."""
    findings = []
    for port in ports:
        target = target_of(port)
        if isinstance(target, str):
            if not any(_has_named(pod, target, port) for pod in behind):
                findings.append(_finding(service, port, behind, snapshot, "error"))
        elif not any(_meets(port, pod) for pod in behind) and _undeclared(behind, snapshot):
            severity: Severity = "error" if _probed_elsewhere(service, target, snapshot) else "warning"
            findings.append(_finding(service, port, behind, snapshot, severity))
    return findings


def _has_named(pod: Json, name: str, port: Json) -> bool:
    return any(
        each.get("name") == name and _protocol(each) == _protocol(port) for each in container_ports(pod["spec"])
    )


def _undeclared(behind: tuple[Json, ...], snapshot: Snapshot) -> bool:
    """Whether it is likely that its numbers are wrong, though a port need not be declared to be served.

    Only where every container declares ports and the Service meets none of them, and no other Service does:
    a port beside one that is right (for metrics, say) may well be served.
    """
    for pod in behind:
        if not all(each.get("ports") for each in pod["spec"].get("containers") or ()):
            return False
    names = {pod["metadata"]["name"] for pod in behind}
    return not any(
        _meets(port, pod)
        for other in snapshot.of("Service")
        for pod in pods_behind(other, snapshot)
        if pod["metadata"]["name"] in names
        for port in ports_of(other)
    )


def _meets(port: Json, pod: Json) -> bool:
    target = target_of(port)
    return any(target in (each.get("containerPort"), each.get("name")) for each in container_ports(pod["spec"]))


def _probed_elsewhere(service: Json, target: int, snapshot: Snapshot) -> bool:
    """Whether the pods are asked how they are on declared ports only, and not on this one."""
    asked = [
        port
        for workload in workloads_matching(selector_of(service), snapshot)
        for container in workload.pod_spec.get("containers") or ()
        for probe in _PROBES
        for port in _probe_ports(container.get(probe) or {})
    ]
    return bool(asked) and target not in asked


def _probe_ports(probe: Json) -> list[object]:
    actions = [probe.get(action) or {} for action in ("httpGet", "tcpSocket", "grpc")]
    return [action["port"] for action in actions if "port" in action]


def _finding(
    service: Json, port: Json, behind: tuple[Json, ...], snapshot: Snapshot, severity: Severity
) -> Finding:
    ref = service_ref(service, snapshot)
    owner = owner_of(behind[0], snapshot)
    declared = _declared(behind)
    return Finding(
        cause=SERVICE_PORT_MISMATCH,
        object=ref,
        affected=tuple(str(pod["metadata"]["name"]) for pod in behind),
        detail=_summary(ref, port, owner, declared),
        why=_why(target_of(port)),
        evidence=(
            Evidence("spec", said(ref), one_line(f"port {port.get('port')}, targetPort {target_of(port)}")),
            Evidence("spec", said(owner), one_line(f"ports of its containers: {_listed(declared) or 'none'}")),
        ),
        remedies=_remedies(service, port, declared, snapshot),
        severity=severity,
        concerns=(owner,),
    )


def _summary(ref: ObjectRef, port: Json, owner: ObjectRef, declared: list[Json]) -> str:
    target = target_of(port)
    which = f"the port named {one_line(target, 63)}" if isinstance(target, str) else f"port {target}"
    have = f"they have {_listed(declared)}" if declared else "they declare no port"
    if any(each.get("name") == target for each in declared):
        have = f"there it is not {_protocol(port)}: {have}"
    verb = "has" if isinstance(target, str) else "declares"
    return (
        f"{said(ref)} sends port {port.get('port')} to {which}, which no container of {said(owner)} {verb}; {have}"
    )


def _why(target: int | str) -> str:
    if isinstance(target, str):
        return (
            "A targetPort that is a name is looked up among the ports that the containers declare, with the same "
            "protocol. A pod without it is no endpoint for this port."
        )
    return (
        "A Service passes traffic on to the number in targetPort, whether or not a container declares it. When "
        "nothing listens there, clients are refused though the pods are ready."
    )


def _remedies(service: Json, port: Json, declared: list[Json], snapshot: Snapshot) -> tuple[Remedy, ...]:
    name, namespace = service["metadata"]["name"], snapshot.namespace
    mended = _mended(port, _unserved(service, port, declared))
    if mended is None:
        edit = f"kubectl edit service/{name} -n {namespace}"
        return (Remedy(title="Set targetPort to the port the application listens on", command=edit, risk="change"),)
    index = ports_of(service).index(port)
    added: Operations = [{"op": "add", "path": f"/spec/ports/{index}/targetPort", "value": mended}]
    ref, asked = service_ref(service, snapshot), {"port": port.get("port"), "target_port": mended}
    by_hand = patched(ref, f"Send it to {mended}", added)
    return (by_tool(by_hand, "set_service_port", ref, of_kinds=False, **asked),)


def _unserved(service: Json, port: Json, declared: list[Json]) -> list[Json]:
    """The declared ports that no other port of the Service leads to already."""
    others = [other for other in ports_of(service) if other != port]
    return [
        each
        for each in declared
        if not any(
            target_of(other) in (each.get("containerPort"), each.get("name"))
            and _protocol(other) == _protocol(each)
            for other in others
        )
    ]


def _mended(port: Json, declared: list[Json]) -> int | str | None:
    """The nearest name for a name; else the only port, or the one with the Service port's own number or name."""
    target = target_of(port)
    fitting = [each for each in declared if _protocol(each) == _protocol(port)]
    names = [str(each["name"]) for each in fitting if each.get("name")]
    if isinstance(target, str) and (near := nearest(target, names)):
        return near
    alike = [
        each
        for each in fitting
        if each.get("containerPort") == port.get("port") or (port.get("name") and each.get("name") == port["name"])
    ]
    only = fitting if len(fitting) == 1 else alike[:1]
    if not only:
        return None
    by_name = isinstance(target, str) and only[0].get("name")
    return str(by_name) if by_name else int(only[0]["containerPort"])


def _declared(behind: tuple[Json, ...]) -> list[Json]:
    found: list[Json] = []
    for pod in behind:
        found += [each for each in container_ports(pod["spec"]) if each not in found]
    return found


def _listed(declared: list[Json]) -> str:
    """`8080 (http), 9090`."""
    return ", ".join(_said(each) for each in declared[:8])


def _said(port: Json) -> str:
    words = [str(port["name"])] if port.get("name") else []
    words += [_protocol(port)] if _protocol(port) != "TCP" else []
    return one_line(f"{port.get('containerPort')}" + (f" ({', '.join(words)})" if words else ""), 80)


def _protocol(port: Json) -> str:
    return str(port.get("protocol") or "TCP")
