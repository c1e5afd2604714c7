"""What somebody may do, in words: a verb of the API and the resource it is done to. Pure.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.understanding.terms import Term

_VERBS = {
    word: verb
    for verb, words in {
        "get": "get read see view access lesen sehen",
        "list": "list auflisten",
        "watch": "watch",
        "create": "create make erstellen anlegen",
        "update": "update edit change modify ändern",
        "patch": "patch",
        "delete": "delete remove löschen",
    }.items()
    for word in words.split()
}
_WHOLE = {
    "deploy": ("create", "deployments"),
    "deployen": ("create", "deployments"),
    "restart": ("patch", "deployments"),
    "neustarten": ("patch", "deployments"),
    "scale": ("patch", "deployments/scale"),
    "skalieren": ("patch", "deployments/scale"),
    "exec": ("create", "pods/exec"),
    "port-forward": ("create", "pods/portforward"),
}
"""Verbs of people that say the resource, too."""


@dataclass(frozen=True, slots=True)
class Access:
    """A verb, a resource, and the places of the terms that say them."""

    verb: str
    resource: str
    taken: frozenset[int]


def of_terms(terms: tuple[Term, ...], taken: set[int]) -> Access | None:
    """The verb and the resource that the terms say; None where they say none."""
    for index, term in enumerate(terms):
        if index in taken or term.sort != "word":
            continue
        word = term.low
        found = _resource(terms, index + 1)
        if word in _WHOLE and found is None:
            verb, resource = _WHOLE[word]
            return Access(verb, resource, frozenset([index]))
        if word in _VERBS and (found := found or _resource(terms, 0)) is not None:
            at, resource = found
            return Access(_VERBS[word], resource, frozenset([index, at]))
    return None


def _resource(terms: tuple[Term, ...], start: int) -> tuple[int, str] | None:
    from tools.cluster.resources import find

    for index in range(start, len(terms)):
        term = terms[index]
        if term.can_be("noun", "logs"):
            return index, "pods/log"
        for kind in sorted(term.concepts("kind")):
            known = find(kind)
            if term.sort == "word" and known is not None:
                return index, known.plural
    return None
