"""The kubeconfig as kubectl sees it: the files of a list merged, relative paths made whole, one context chosen.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tools.json import Json

_ENTRIES = {"clusters": "cluster", "users": "user", "contexts": "context"}
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class Unusable(Exception):
    """The kubeconfig says something that kubectl would refuse, too; the message says what, as half a sentence."""


class Chosen(NamedTuple):
    """A context's name and namespace, its cluster and its user: the fields that a kubeconfig gives them."""

    context: str
    namespace: str
    cluster: Json
    user: Json


def merged(files: Iterable[tuple[Path, Any]]) -> Json:
    """One document of many, each with the folder that its relative paths start at.

    Of entries with the same name the first one counts, whole; and the first current-context that is not empty.
    """
    whole: Json = {"current-context": "", **{section: [] for section in _ENTRIES}}
    for folder, document in files:
        whole["current-context"] = whole["current-context"] or document.get("current-context") or ""
        for section, field in _ENTRIES.items():
            known = {item["name"] for item in whole[section]}
            entries = _entries(document, section, field, folder)
            whole[section] += [item for item in entries if item["name"] not in known]
    return whole


def chosen(document: Json, context: str | None) -> Chosen:
    """The context of this name, or the current one."""
    name = context or document.get("current-context")
    if not name:
        raise Unusable("it has no current context")
    found = _named(document, "contexts", name)
    if found is None:
        raise Unusable(f'it has no context "{name}"')
    cluster, user = (_part(document, section, name, found) for section in ("clusters", "users"))
    if cluster is None:
        raise Unusable(f'its context "{name}" has no cluster')
    return Chosen(name, str(found.get("namespace") or "default"), cluster, user or {})


def _part(document: Json, section: str, context: str, found: Json) -> Json | None:
    """The cluster or the user that a context names; None where it names none."""
    field = _ENTRIES[section]
    part = _named(document, section, found[field]) if found.get(field) else None
    if part is None and found.get(field):
        raise Unusable(f'its context "{context}" names the {field} "{found[field]}", which is not there')
    return part


def _entries(document: Json, section: str, field: str, folder: Path) -> list[Json]:
    found = [
        {"name": item["name"], field: _rooted(item[field] or {}, folder)} for item in document.get(section) or ()
    ]
    names = [item["name"] for item in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Unusable(f'it has the {field} "{min(twice)}" twice')
    return found


def _rooted(entry: Json, folder: Path) -> Json:
    paths: Json = {name: str(folder / entry[name]) for name in _FILES if entry.get(name)}
    plugin = entry.get("exec")
    if plugin and os.sep in plugin["command"]:  # another one is looked for on the PATH
        paths["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return {**entry, **paths}


def _named(document: Json, section: str, name: str) -> Json | None:
    found = next((item for item in document.get(section) or () if item["name"] == name), None)
    return None if found is None else found[_ENTRIES[section]] or {}
