"""What Desk needs, each thing with whether it is there and how to get it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent.app import history_of
from agent.cli.options import existing_journal
from agent.discovery import JOURNAL
from agent.documents import Check
from agent.errors import DeskError
from tools.cluster.client import Access
from tools.cluster.connect import Where, connect
from tools.cluster.errors import ClusterError

if TYPE_CHECKING:
    from agent.settings import Settings


def checks_of(configured: Settings) -> list[Check]:
    """Every check, in the order in which one mends what is missing."""
    return [*_local(configured), *_cluster(configured), _key(configured)]


def _local(configured: Settings) -> list[Check]:
    return [
        Check("python", "ok", sys.version.split()[0]),
        _try("git", lambda: _git(configured)),
        _try("journal", lambda: _journal(configured)),
    ]


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", check())
    except (DeskError, ClusterError, OSError) as error:
        return Check(name, "missing", str(error))


def _git(configured: Settings) -> str:
    history_of(configured)
    return f"{configured.workspace.resolve()} takes commits"


def _journal(configured: Settings) -> str:
    if not (configured.workspace / JOURNAL).exists():
        return "none yet; the first session makes it"
    journal = existing_journal(configured.workspace)
    return f"intact, {journal.verify()} events"


def _cluster(configured: Settings) -> list[Check]:
    try:
        cluster = connect(Where(configured.kubeconfig, configured.context), timeout_s=configured.api_timeout_s)
        who = cluster.whoami().username
    except ClusterError as error:
        return [Check("cluster", "missing", str(error))]
    where = configured.namespace or cluster.namespace
    return [
        Check("cluster", "ok", f"Kubernetes {cluster.version()}, as {who}"),
        *(_right(cluster, where, verb, group, kind) for verb, group, kind in _RIGHTS),
    ]


_RIGHTS = (
    ("get", "", "namespaces"),
    ("list", "", "pods"),
    ("get", "", "pods/log"),
    ("list", "", "events"),
    ("patch", "apps", "deployments"),
)


def _right(cluster: Any, namespace: str, verb: str, group: str, kind: str) -> Check:
    resource, _, subresource = kind.partition("/")
    if cluster.may(Access(verb, group, resource, namespace, subresource=subresource)):
        return Check("permission", "ok", f"{verb} {kind} in {namespace}")
    role = "edit" if verb == "patch" else "view"
    grant = f"kubectl create rolebinding desk --clusterrole={role} --user=USER -n {namespace}"
    return Check("permission", "missing", f"may not {verb} {kind} in {namespace}; who administers it can: {grant}")


def _key(configured: Settings) -> Check:
    if os.environ.get("ANTHROPIC_API_KEY") or configured.api_key_file:
        where = configured.api_key_file or "ANTHROPIC_API_KEY"
        return Check("key", "ok", f"{where}: Claude thinks, unless --model says otherwise")
    return Check("key", "optional", "no ANTHROPIC_API_KEY: Playbook plans, which needs none")
