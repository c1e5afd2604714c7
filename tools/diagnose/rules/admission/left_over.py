"""Webhooks whose Service is gone: their configuration was left over, and refuses what it must see.

Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy
"""

from __future__ import annotations

from tools.diagnose.facts.naming import said, typed
from tools.diagnose.facts.remedies import patched, replaced
from tools.diagnose.facts.roots import Root
from tools.diagnose.reading.snapshot import Question
from tools.diagnose.terms import Evidence, ObjectRef, Remedy, Snapshot

_GROUP_VERSION = "admissionregistration.k8s.io/v1"
_KINDS = {
    "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
    "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
}


def left_over(webhook: str, service: str, namespace: str, snapshot: Snapshot) -> Root | None:
    """The configuration of a webhook whose Service, or its whole namespace, does not exist; None where it does."""
    missing = _missing(service, namespace, snapshot)
    found = _configuration(webhook, snapshot) if missing else None
    if missing is None or found is None:
        return None
    ref, index = found
    return Root(
        ref,
        f"{missing}: it is left over",
        "With failurePolicy: Fail, nothing that a webhook must see is created while it does not answer. A webhook "
        "whose program was removed without its configuration never answers again.",
        (
            Remedy(
                f"If its program is gone for good, delete {said(ref)} (who runs the cluster does)",
                f"kubectl delete {typed(ref)}",
                "cluster",
            ),
            patched(
                ref,
                "Or let it be passed over while it does not answer",
                [replaced(f"/webhooks/{index}/failurePolicy", "Ignore")],
                risk="cluster",
            ),
        ),
        (Evidence("spec", said(ref), f"webhook {webhook}: Service {service} of namespace {namespace}"),),
    )


def _missing(service: str, namespace: str, snapshot: Snapshot) -> str | None:
    if namespace == snapshot.namespace:
        there = snapshot.named("Service", service) is not None
        return None if there or not snapshot.has("Service") else f"there is no Service {service} in this namespace"
    space = snapshot.ask(Question("namespaces", None, namespace))
    if space is None:
        return None
    if space.one is None:
        return f"there is no namespace {namespace}"
    found = snapshot.ask(Question("services", namespace, service))
    return f"namespace {namespace} has no Service {service}" if found is not None and found.one is None else None


def _configuration(webhook: str, snapshot: Snapshot) -> tuple[ObjectRef, int] | None:
    """Which configuration has it, and at which place."""
    for word, kind in _KINDS.items():
        answer = snapshot.ask(Question(word))
        for item in answer.objects if answer else ():
            for index, each in enumerate(item.get("webhooks") or ()):
                if each.get("name") == webhook:
                    return ObjectRef(_GROUP_VERSION, kind, None, str(item["metadata"]["name"])), index
    return None
