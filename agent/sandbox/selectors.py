"""Label and field selectors of list requests, parsed into predicates on objects."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Object = dict[str, Any]
Predicate = Callable[[Object], bool]

FIELDS = frozenset({
    "metadata.name", "metadata.namespace", "status.phase", "spec.nodeName", "type", "reason",
    "reportingComponent", "spec.schedulerName", "status.podIP",
    "involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid",
    "involvedObject.fieldPath", "involvedObject.apiVersion", "involvedObject.resourceVersion",
})  # fmt: skip

_SET = re.compile(r"^(?P<key>\S+)\s+(?P<operator>in|notin)\s*\((?P<values>[^)]*)\)$")
_EQUALITY = re.compile(r"^(?P<key>[^\s!=]+)\s*(?P<operator>==|=|!=)\s*(?P<value>\S*)$")
_EXISTENCE = re.compile(r"^(?P<absent>!?)(?P<key>[^\s!=]+)$")


class SelectorError(ValueError):
    """A selector that the API server would refuse as a bad request."""


def label_selector(text: str) -> Predicate:
    """Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Raises SelectorError.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    tests = [_label_test(part.strip()) for part in re.split(r",(?![^(]*\))", text) if part.strip()]
    return lambda item: all(test(item["metadata"].get("labels") or {}) for test in tests)


def _label_test(requirement: str) -> Callable[[Mapping[str, str]], bool]:
    if match := _SET.match(requirement):
        values = {value.strip() for value in match["values"].split(",")}
        return _membership(match["key"], values, match["operator"] == "in")
    if match := _EQUALITY.match(requirement):
        return _membership(match["key"], {match["value"]}, match["operator"] != "!=")
    if match := _EXISTENCE.match(requirement):
        return lambda labels: (match["key"] in labels) != bool(match["absent"])
    raise SelectorError(f"unable to parse requirement: {requirement!r}")


def _membership(key: str, values: set[str], wanted: bool) -> Callable[[Mapping[str, str]], bool]:
    return lambda labels: (labels.get(key) in values) == wanted


def field_selector(text: str) -> Predicate:
    """Parses `metadata.name=x,status.phase!=Running` over the fields in FIELDS. Raises SelectorError.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
    """
    matches = [_EQUALITY.match(part.strip()) for part in text.split(",") if part.strip()]
    requirements = [match.group("key", "operator", "value") for match in matches if match]
    if len(requirements) != len(matches):
        raise SelectorError(f"invalid selector: {text!r}; can't understand it")
    if unknown := {key for key, _, _ in requirements} - FIELDS:
        raise SelectorError(f"field label not supported: {min(unknown)}")
    return lambda item: all((_field(item, key) == value) != (op == "!=") for key, op, value in requirements)


def _field(item: Object, path: str) -> str:
    value: Any = item
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return "" if value is None else str(value)
