"""What an Ingress needs besides its Services: a class, and the Secret of its certificate.

Source: https://kubernetes.io/docs/concepts/services-networking/ingress/
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.diagnose.facts.backends import ingress_ref, route_ref
from tools.diagnose.facts.issuing import is_issued, issuing
from tools.diagnose.facts.naming import quoted, said
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.remedies import patched, set_fields
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/ingress/"

INGRESS_CLASS_MISSING = Cause(
    "IngressClassMissing",
    topic="networking",
    means="No controller takes the Ingress: its class does not exist, or it has none and none is the default.",
    why=(
        "An Ingress does nothing by itself. A controller takes those whose spec.ingressClassName names an "
        "IngressClass of its own; one without a class is taken only when a class is marked as the default "
        "when the Ingress is created. Nothing reports an Ingress that nobody takes: it has no address, and no "
        "event."
    ),
    mend="Name a class that exists (kubectl get ingressclasses).",
    example="Ingress shop names the class ngnix, which does not exist; the nearest there is: nginx",
    source=_DOCS + "#ingress-class",
    called=r"\bingress ?class\b|\bingress\b",
)
TLS_SECRET_MISSING = Cause(
    "TLSSecretMissing",
    topic="networking",
    means="The Secret with the certificate of an Ingress or Route does not exist, or holds no certificate.",
    why=(
        "spec.tls[].secretName names a Secret of the Ingress's own namespace, of type kubernetes.io/tls, with "
        "the keys tls.crt and tls.key. Without it most controllers serve a certificate of their own, and "
        "browsers refuse that."
    ),
    mend="Create it (kubectl create secret tls NAME --cert=FILE --key=FILE), or name the one that exists.",
    example=(
        "Ingress shop takes its certificate from Secret shop-tsl, which does not exist; "
        "the nearest there is: shop-tls"
    ),
    source=_DOCS + "#tls",
    called=r"\btls\b|\bcertificate\b",
)

_CLASS = "kubernetes.io/ingress.class"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_TLS_TYPE, _TLS_KEYS = "kubernetes.io/tls", ("tls.crt", "tls.key")


def missing_classes(snapshot: Snapshot) -> list[Finding]:
    """Ingresses that no controller takes, as far as their class tells."""
    if not snapshot.has("IngressClass"):
        return []
    waiting = [item for item in snapshot.of("Ingress") if not _is_taken(item)]
    return [finding for item in waiting if (finding := _class_finding(item, snapshot))]


def _is_taken(ingress: Json) -> bool:
    """A controller has given it an address, or is told by the annotation, for which no class need exist."""
    addresses = (status_of(ingress).get("loadBalancer") or {}).get("ingress")
    return bool(addresses) or _CLASS in (ingress["metadata"].get("annotations") or {})


def _class_finding(ingress: Json, snapshot: Snapshot) -> Finding | None:
    wanted = (ingress.get("spec") or {}).get("ingressClassName")
    classes = snapshot.of("IngressClass")
    names = sorted(str(item["metadata"]["name"]) for item in classes)
    if wanted in names:
        return None
    has_default = any((item["metadata"].get("annotations") or {}).get(_DEFAULT) == "true" for item in classes)
    if not wanted and (has_default or snapshot.has("Route")):  # OpenShift makes Routes of those without a class
        return None
    ref = ingress_ref(ingress, snapshot)
    near = nearest(wanted, names) if wanted else None
    mended = near or (names[0] if len(names) == 1 else None)
    return Finding(
        cause=INGRESS_CLASS_MISSING,
        object=ref,
        detail=f"{said(ref)} {_class_said(wanted, near, names)}",
        why=(
            "A controller takes only the Ingresses of its own class, and nothing reports one that nobody takes: "
            "it gets no address, and requests for its hosts end elsewhere."
        ),
        evidence=(
            Evidence("spec", said(ref), one_line(f"spec.ingressClassName: {wanted or 'not set'}")),
            Evidence("status", said(ref), "status.loadBalancer.ingress is empty"),
        ),
        remedies=(_class_remedy(ref, mended),),
        severity="error" if wanted else "warning",
    )


def _class_said(wanted: str | None, near: str | None, names: list[str]) -> str:
    there = one_line(f"; there is: {', '.join(names)}" if names else "; there is no IngressClass at all", 160)
    if not wanted:
        return f"names no class, and no class is the default{there}"
    hint = f"; the nearest there is: {near}" if near else there
    return f"names the class {wanted}, which does not exist{hint}"


def _class_remedy(ref: ObjectRef, mended: str | None) -> Remedy:
    if mended is None:
        return Remedy(title="See which classes there are", command="kubectl get ingressclasses", risk="read")
    return patched(ref, f"Name the class {mended}", {"spec": {"ingressClassName": mended}}, merge=True)


def missing_tls(snapshot: Snapshot) -> list[Finding]:
    """Certificates that are named and not there."""
    if not snapshot.has("Secret"):
        return []
    found: dict[tuple[ObjectRef, str], Finding] = {}
    for ref, item, pointer, name in _certificates(snapshot):
        fault = _fault(name, snapshot)
        if fault and (ref, name) not in found:
            found[ref, name] = _tls_finding(ref, item, pointer, name, fault, snapshot)
    return list(found.values())


def _certificates(snapshot: Snapshot) -> Iterator[tuple[ObjectRef, Json, str, str]]:
    """Who names a Secret, where, and which."""
    for item in snapshot.of("Ingress"):
        for index, entry in enumerate((item.get("spec") or {}).get("tls") or ()):
            if entry.get("secretName"):
                yield ingress_ref(item, snapshot), item, f"/spec/tls/{index}/secretName", str(entry["secretName"])
    for item in snapshot.of("Route"):
        external = (((item.get("spec") or {}).get("tls")) or {}).get("externalCertificate") or {}
        if external.get("name"):
            pointer = "/spec/tls/externalCertificate/name"
            yield route_ref(item, snapshot), item, pointer, str(external["name"])


def _fault(name: str, snapshot: Snapshot) -> str | None:
    """What is wrong with a Secret, as far as it was read; None when nothing is."""
    secret = snapshot.named("Secret", name)
    if secret is None:
        return "which does not exist"
    kind, keys = secret.get("type"), secret.get("data")
    if kind in (None, _TLS_TYPE):
        return None
    if keys is not None and all(key in keys for key in _TLS_KEYS):
        return None
    return f"which is of type {one_line(str(kind), 80)}, not {_TLS_TYPE}"


def _tls_finding(ref: ObjectRef, item: Json, pointer: str, name: str, fault: str, snapshot: Snapshot) -> Finding:
    near = nearest(name, snapshot.names("Secret"))
    hint = f"; the nearest there is: {near}" if near else ""
    issued = is_issued(item)
    issue = issuing(name, snapshot) if issued else None
    hint = f": {issue.said}" if issue else hint
    return Finding(
        cause=TLS_SECRET_MISSING,
        object=ref,
        detail=f"{said(ref)} takes its certificate from Secret {one_line(name, 253)}, {fault}{hint}",
        why=(
            "Without the certificate most controllers serve one of their own, which browsers refuse; a router "
            "may leave the host out altogether. The Secret must be in the same namespace."
        ),
        evidence=(Evidence("spec", said(ref), one_line(f"{pointer}: {name}")),),
        remedies=issue.remedies if issue else tuple(_tls_remedies(ref, pointer, name, near, issued=issued)),
        severity="warning" if issued and not (issue and issue.hopeless) else "error",
    )


def _tls_remedies(ref: ObjectRef, pointer: str, name: str, near: str | None, *, issued: bool) -> Iterator[Remedy]:
    if issued:
        see = f"kubectl describe ingress {ref.name} -n {ref.namespace}"
        yield Remedy(title="See what cert-manager says of it", command=see, risk="read")
        return
    if near:
        yield set_fields(f"Take it from Secret {near}", ref, {pointer: near})
    create = f"kubectl create secret tls {quoted(name)} -n {ref.namespace} --cert=CERTIFICATE_FILE --key=KEY_FILE"
    yield Remedy(title="Create it from the files of the certificate", command=create, risk="secret")
