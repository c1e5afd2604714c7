"""How findings name a Service, its labels and its specification."""

from __future__ import annotations

from tools.apimachinery.selectors import Labels
from tools.diagnose.terms import Evidence, Json, ObjectRef, Snapshot
from tools.plaintext import one_line


def service_ref(service: Json, snapshot: Snapshot) -> ObjectRef:
    """Which Service this is."""
    return ObjectRef("v1", "Service", snapshot.namespace, service["metadata"]["name"])


def service_spec(service: Json, text: str) -> Evidence:
    """Evidence from the specification of a Service."""
    return Evidence("spec", f"Service {service['metadata']['name']}", one_line(text))


def labels_said(labels: Labels) -> str:
    """`app=web, tier=front`."""
    return one_line(", ".join(f"{key}={value}" for key, value in sorted(labels.items())), 200)
