"""The cluster that a command's flags mean, for commands that run no session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.cluster.client import HttpCluster


@contextmanager
def connected(given: Mapping[str, Any]) -> Iterator[HttpCluster]:
    """By --kubeconfig, --context and --api-timeout-s; or the sandbox, for as long as it is used."""
    from tools.cluster.connect import Where, connect

    with ExitStack() as stack:
        where = Where(given["kubeconfig"], given["context"])
        if given["sandbox"]:
            from agent.sandbox import Sandbox

            where = Where(document=stack.enter_context(Sandbox()).kubeconfig())
        yield connect(where, timeout_s=given["api_timeout_s"])
