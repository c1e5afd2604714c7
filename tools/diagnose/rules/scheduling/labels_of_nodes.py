"""Node labels that a pod asks for: nodeSelector and required node affinity.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
"""

from __future__ import annotations

from difflib import get_close_matches

from tools.diagnose.facts.node_labels import affinity_terms, meets
from tools.diagnose.terms import Json, Snapshot
from tools.plaintext import one_line

_LABELS_NAMED = 3


def node_labels(snapshot: Snapshot) -> dict[str, set[str]]:
    """Every label that some node has, with its values."""
    found: dict[str, set[str]] = {}
    for node in snapshot.of("Node"):
        for key, value in (node["metadata"].get("labels") or {}).items():
            found.setdefault(str(key), set()).add(str(value))
    return found


def selector_said(selector: Json, snapshot: Snapshot) -> str:
    """What of a nodeSelector no node has, and what is there instead."""
    wanted = ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
    said = f"it asks for nodes labelled {one_line(wanted)}"
    if not snapshot.of("Node"):
        return said
    missing = [_label_said(key, str(value), snapshot) for key, value in sorted(selector.items())]
    told = [each for each in missing if each]
    return f"{said}; {'; '.join(told) if told else 'no node has all of it'}"


def mended_selector(selector: Json, snapshot: Snapshot) -> dict[str, str]:
    """The selector with the nearest labels that one node has together; empty where nothing is like it."""
    labels = node_labels(snapshot)
    mended: dict[str, str] = {}
    for key, value in selector.items():
        near_key = key if key in labels else _near(key, labels)
        near_value = _near(str(value), labels.get(near_key or "", set()))
        if near_key is None or near_value is None:
            return {}
        mended[near_key] = near_value
    is_there = any(mended.items() <= (node["metadata"].get("labels") or {}).items() for node in snapshot.of("Node"))
    return mended if is_there else {}


def bound_to_one_node(pod: Json) -> bool:
    """Whether a DaemonSet's controller chose the pod's node: then all others do not match."""
    return any(term.get("matchFields") for term in affinity_terms(pod))


def affinity_said(pod: Json, snapshot: Snapshot) -> str | None:
    """The expressions of the node affinity that no node meets, with what the nodes have; None without one."""
    expressions = [each for term in affinity_terms(pod) for each in term.get("matchExpressions") or ()]
    if not expressions:
        return None
    nodes = [node["metadata"].get("labels") or {} for node in snapshot.of("Node")]
    unmet = [each for each in expressions if not any(meets(labels, each) for labels in nodes)] if nodes else []
    told = [_expression_said(each) for each in (unmet or expressions)[:_LABELS_NAMED]]
    said = f"its node affinity asks for {' and '.join(told)}"
    there = {
        key: node_labels(snapshot)[key] for each in unmet if (key := str(each.get("key"))) in node_labels(snapshot)
    }
    has = [f"{key}={_some(values)}" for key, values in there.items()]
    if has:
        return f"{said}; the nodes have {one_line(', '.join(has), 120)}"
    return f"{said}; no node has that label" if unmet else said


def _label_said(key: str, value: str, snapshot: Snapshot) -> str:
    labels = node_labels(snapshot)
    if value in labels.get(key, ()):
        return ""
    if key in labels:
        return f"the nodes have {one_line(f'{key}={_some(labels[key])}', 120)}"
    near = _near(key, labels)
    nearest = f"; the nearest there is: {one_line(f'{near}={_some(labels[near])}', 120)}" if near else ""
    return f"no node has the label {one_line(key, 80)}{nearest}"


def _near(wanted: str, there: set[str] | dict[str, set[str]]) -> str | None:
    if wanted in there:
        return wanted
    return next(iter(get_close_matches(wanted, sorted(there), n=1, cutoff=0.6)), None)


def _some(values: set[str]) -> str:
    named = sorted(values)[:_LABELS_NAMED]
    return " or ".join(named) + (" and others" if len(values) > len(named) else "")


def _expression_said(expression: Json) -> str:
    key, operator = str(expression.get("key")), str(expression.get("operator"))
    values = ", ".join(str(value) for value in expression.get("values") or ())
    match operator:
        case "In" if len(expression.get("values") or ()) == 1:
            return one_line(f"{key}={values}", 120)
        case "Exists" | "DoesNotExist":
            return one_line(f"{key} {'present' if operator == 'Exists' else 'absent'}", 120)
        case _:
            return one_line(f"{key} {operator} ({values})", 120)
