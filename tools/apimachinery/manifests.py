"""Objects as the YAML that people read."""

from __future__ import annotations

import sys

import yaml

from tools.json import Json


def as_yaml(value: Json) -> str:
    """YAML for a person. No line is wrapped: a pattern that looks for a secret must see it whole."""
    return yaml.safe_dump(value, sort_keys=False, width=sys.maxsize, allow_unicode=True)


def without_noise(live: Json) -> Json:
    """An object without managedFields and the copy kubectl keeps of it."""
    metadata: Json = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return {**live, "metadata": metadata}
