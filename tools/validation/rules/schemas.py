"""Fields: does the kind have them, are they of their type; and what the API server itself says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tools.checks import Check
from tools.validation.fault import Fault
from tools.validation.rule import Context, Rule

_REFERENCE = "https://kubernetes.io/docs/reference/kubernetes-api/"


def _found(check: Check) -> Callable[[Context], Iterator[Fault]]:
    return lambda context: iter(context.schema_faults.get(check, ()))


RULES = (
    Rule(
        "UnknownKind",
        "error",
        "The version of Kubernetes has no such kind in that API.",
        "The API server refuses it: no matches for kind.",
        "Write the apiVersion and kind that `kubectl api-resources` lists.",
        _REFERENCE,
        _found("UnknownKind"),
        of_text=True,
    ),
    Rule(
        "UnknownField",
        "error",
        "The kind has no such field, or not at that place.",
        "Strict validation refuses it; without that it is dropped silently, and what it was to do does not happen.",
        "Correct its name or its indentation: `kubectl explain` tells what a place has.",
        "https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
        _found("UnknownField"),
        of_text=True,
    ),
    Rule(
        "MissingField",
        "error",
        "A field that must be there is missing.",
        "The API server refuses the object.",
        "Add it.",
        _REFERENCE,
        _found("MissingField"),
    ),
    Rule(
        "WrongType",
        "error",
        "A value is not of its field's type.",
        "The API server refuses the object. Without quotes, yes, off, 1.10, 0o14 and 1e3 are no text in YAML.",
        "Quote what is text, and write numbers and booleans without quotes.",
        "https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
        _found("WrongType"),
        of_text=True,
    ),
    Rule(
        "UnknownValue",
        "error",
        "A field takes one of a few values, and has another.",
        "The API server refuses the object.",
        "Write one of those it takes; upper and lower case count.",
        _REFERENCE,
        _found("UnknownValue"),
        of_text=True,
    ),
    Rule(
        "ServerRefuses",
        "error",
        "The API server refused it in a dry run.",
        "What it says here it will say when it is applied: it knows the cluster's own kinds, quotas and policies.",
        "Mend what it names.",
        "https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run",
        lambda context: iter(context.refused),
    ),
)
