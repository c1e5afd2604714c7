"""Label selectors: what they match.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from tools.json import Json

Labels = Mapping[str, str]


def labels_of(item: Json) -> Labels:
    """An object's labels; empty when it has none."""
    return cast("Labels", item["metadata"].get("labels") or {})


def template_labels(item: Json) -> Labels:
    """The labels that a workload gives its pods."""
    template = (item.get("spec") or {}).get("template") or {}
    return cast("Labels", (template.get("metadata") or {}).get("labels") or {})


def matches(selector: Json | None, labels: Labels) -> bool:
    """Whether a `LabelSelector` (matchLabels and matchExpressions) matches; an empty one matches everything.

    None matches nothing, as in the API; so does an operator that does not exist.
    """
    if selector is None:
        return False
    return matches_plain(selector.get("matchLabels"), labels) and all(
        _expression_holds(each, labels) for each in selector.get("matchExpressions") or ()
    )


def as_text(selector: Json) -> str:
    """A `LabelSelector` as a list is asked with: `app=web,tier in (a,b),!old`."""
    plain = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    return ",".join([*plain, *(_expression_text(each) for each in selector.get("matchExpressions") or ())])


def _expression_text(expression: Json) -> str:
    key, values = expression["key"], ",".join(expression.get("values") or ())
    match expression["operator"]:
        case "Exists":
            return str(key)
        case "DoesNotExist":
            return f"!{key}"
        case operator:
            return f"{key} {str(operator).lower()} ({values})"


def matches_plain(wanted: Labels | None, labels: Labels) -> bool:
    """Whether every one of these labels is there with that value, as a Service's selector is meant."""
    return all(labels.get(key) == value for key, value in (wanted or {}).items())


def _expression_holds(expression: Json, labels: Labels) -> bool:
    key, values = expression.get("key", ""), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
