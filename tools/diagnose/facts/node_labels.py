"""Whether a node has the labels that a pod asks for: nodeSelector and required node affinity.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
"""

from __future__ import annotations

from tools.json import Json


def takes(node: Json, pod: Json) -> bool:
    """Whether a node may have a pod by its labels alone: not by its taints, nor by what runs there."""
    labels = node["metadata"].get("labels") or {}
    terms = affinity_terms(pod)
    selector = pod["spec"].get("nodeSelector") or {}
    return selector.items() <= labels.items() and (not terms or any(_term_meets(node, each) for each in terms))


def affinity_terms(pod: Json) -> list[Json]:
    """The terms of the required node affinity, of which one must match."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    return list(required.get("nodeSelectorTerms") or ())


def meets(labels: Json, expression: Json) -> bool:
    """Whether labels meet one expression; Gt and Lt are taken for met where they are no numbers."""
    key, values = expression.get("key"), [str(value) for value in expression.get("values") or ()]
    match expression.get("operator"):
        case "In":
            return key in labels and str(labels[key]) in values
        case "NotIn":
            return key not in labels or str(labels[key]) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt" | "Lt" as operator if key in labels and str(labels[key]).isdecimal() and values[0:1]:
            has, bound = int(labels[key]), int(values[0]) if values[0].lstrip("-").isdecimal() else 0
            return has > bound if operator == "Gt" else has < bound
        case _:
            return True


def _term_meets(node: Json, term: Json) -> bool:
    labels = node["metadata"].get("labels") or {}
    fields = {"metadata.name": node["metadata"]["name"]}
    return all(meets(labels, each) for each in term.get("matchExpressions") or ()) and all(
        meets(fields, each) for each in term.get("matchFields") or ()
    )
