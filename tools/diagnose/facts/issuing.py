"""Who is to make a certificate's Secret: cert-manager, where it is installed and a Certificate says so.

Source: https://cert-manager.io/docs/usage/certificate/ and https://cert-manager.io/docs/usage/ingress/
"""

from __future__ import annotations

import re

import msgspec

from tools.diagnose.facts.statuses import conditions_of
from tools.diagnose.reading.snapshot import Question
from tools.diagnose.terms import Json, Kind, Remedy, Snapshot
from tools.plaintext import one_line

ISSUED_BY = ("cert-manager.io/", "kubernetes.io/tls-acme", "acme.cert-manager.io/")
_GROUP = "cert-manager.io"
_OF_CERTIFICATE = re.compile(r"(?:^|[-.])(?:tls|certs?|certificate|ca|webhook-server|serving)(?:$|[-.\d])")
_ANNOTATED: tuple[Kind, ...] = ("Ingress", "Route", "Service", "Deployment", "StatefulSet")


def is_issued(item: Json) -> bool:
    """Whether an object's annotations ask cert-manager for its certificate."""
    return any(str(key).startswith(ISSUED_BY) for key in item["metadata"].get("annotations") or ())


def may_be_issued(secret: str, snapshot: Snapshot) -> bool:
    """Whether a Secret is likely one that cert-manager makes: by its name, or for its namespace counts on it."""
    annotated = any(is_issued(item) for kind in _ANNOTATED for item in snapshot.of(kind))
    return bool(_OF_CERTIFICATE.search(secret)) or annotated


class Issue(msgspec.Struct, frozen=True):
    """Why cert-manager has not made a Secret, and what one does; `hopeless` where it never will."""

    said: str
    remedies: tuple[Remedy, ...]
    hopeless: bool = False


def issuing(secret: str, snapshot: Snapshot) -> Issue | None:
    """What of a Secret that cert-manager is to make, or most likely is; None where nobody knows."""
    answer = snapshot.ask(Question(f"certificates.{_GROUP}", snapshot.namespace))
    if answer is None:
        return None
    if not answer.served:
        annotated = any(is_issued(item) for kind in _ANNOTATED for item in snapshot.of(kind))
        who = (
            "cert-manager is to make it, and is not"
            if annotated
            else "cert-manager, which mostly makes such, is not"
        )
        return Issue(
            f"{who} installed: the cluster has no API group {_GROUP}",
            (Remedy("See that there is none; who runs the cluster installs it", "kubectl api-versions", "read"),),
            hopeless=True,
        )
    own = next((each for each in answer.objects if (each.get("spec") or {}).get("secretName") == secret), None)
    if own is None:
        return Issue(
            f"cert-manager is installed, and no Certificate of this namespace has secretName {secret}",
            (Remedy("See the Certificates", f"kubectl get certificates -n {snapshot.namespace}", "read"),),
        )
    name = str(own["metadata"]["name"])
    conditions = conditions_of(own)
    ready: Json = next((each for each in conditions if each.get("type") == "Ready"), {})
    state = one_line(f"{ready.get('reason')}: {ready.get('message')}", 200) if ready else "it has no status yet"
    see = f"kubectl describe certificate {name} -n {snapshot.namespace}"
    return Issue(
        f"Certificate {name}, from which cert-manager is to make it, is not ready: {state}",
        (Remedy("See why cert-manager has not issued it", see, "read"),),
    )
