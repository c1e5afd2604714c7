"""What a task itself orders, for the gate: a change of an object, a namespace, a word said as it stands. Pure."""

from __future__ import annotations

import re

from agent.understanding.wishes import Order, Understanding
from agent.understanding.world import is_pod_of


def orders_change(found: Understanding, tool: str, namespace: str | None, name: str) -> bool:
    """Whether a task orders a change by this tool of this object: by its name, or with all of its namespace.

    A question, a condition, a denial orders nothing; and what is to be left alone is not changed with the rest.
    """
    return any(_covers(order, tool, namespace, name) for order in found.orders)


def _covers(order: Order, tool: str, namespace: str | None, name: str) -> bool:
    if namespace is not None and namespace not in order.namespaces:
        return False
    if any(_is(each, name) for each in order.excluded) or not (
        order.mends or tool in order.tools or tool in UNDOES
    ):
        return False
    return not order.names or any(_is(each, name) for each in order.names)


UNDOES = ("undo_last",)
"""What takes a change back that was ordered."""


def _is(said: str, name: str) -> bool:
    return said == name or is_pod_of(said, name) or is_pod_of(name, said)


def is_within(found: Understanding, namespace: str, home: str) -> bool:
    """Whether a namespace belongs to a task: its session's own, one it names, or it means them all."""
    return namespace == home or namespace in found.namespaces or found.everywhere


def says(task: str, value: str) -> bool:
    """Whether a task says a value (a name, a path) word for word, and not as a part of another."""
    return re.search(rf"(?<![\w./~-]){re.escape(value)}(?![\w/~-]|[.:@]\w)", task) is not None
