"""What Desk needs, each thing with whether it is there and how to get it; and what the gate will do here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.app import clouds_of, history_of, key_of
from agent.cli.options import existing_journal
from agent.errors import DeskError
from agent.gate.policy import (
    Decision,
    Environment,
    Table,
    Verdict,
    decide,
    environment_of,
    with_cells,
)
from agent.humans.approvers import load as load_approvers
from agent.humans.channels import missing, secrets_of
from agent.journal import stores
from agent.settings import PLAYBOOK
from agent.surfaces import telemetry
from agent.surfaces.documents import Check, Doctor
from agent.workspace.names import APPROVERS_FILE
from tools.cloud.connect import AWS, AZURE
from tools.cluster.client import Access
from tools.cluster.connect import Where, connect
from tools.cluster.did_you_mean import NotThere
from tools.cluster.errors import ClusterError, Forbidden
from tools.cluster.namespaces import refuse_unless_there
from tools.plaintext import counted
from tools.risk import Risk

if TYPE_CHECKING:
    from agent.settings import Settings
    from tools.cluster.client import HttpCluster

VERIFIED_UP_TO_BYTES = 32 * 1024 * 1024
"""A journal up to this size is verified whole, which takes a second or two; of a larger one it is said."""

_AWS_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")
_RIGHTS = (
    ("get", "", "namespaces"),
    ("list", "", "pods"),
    ("get", "", "pods/log"),
    ("list", "", "events"),
    ("patch", "apps", "deployments"),
)


def examine(configured: Settings) -> Doctor:
    """Every check, in the order in which one mends what is missing."""
    local = [
        Check("python", "ok", sys.version.split()[0]),
        _try("git", lambda: _git(configured)),
        _try("journal", lambda: _journal(configured)),
        _aws(configured),
        _azure(configured),
        *_channels(configured),
        _telemetry(),
    ]
    key = _key(configured)
    try:
        cluster = connect(Where(configured.kubeconfig, configured.context), timeout_s=configured.api_timeout_s)
        found = Check("cluster", "ok", f"Kubernetes {cluster.version()}, as {cluster.whoami().username}")
        where = configured.namespace or cluster.namespace
        return _in_namespace(cluster, where, [*local, found], key, with_cells(configured.gate))
    except ClusterError as error:
        return Doctor(checks=[*local, Check("cluster", "missing", str(error)), key])


def _in_namespace(cluster: HttpCluster, where: str, before: list[Check], key: Check, table: Table) -> Doctor:
    """The checks of a namespace, between those before and that of the key."""
    try:
        refuse_unless_there(cluster, where)
    except NotThere as error:
        return Doctor(checks=[*before, Check("namespace", "missing", str(error)), key], namespace=where)
    environment, told = _environment(cluster, where)
    decisions = {risk: decide(risk, environment, named=True, table=table) for risk in Risk}
    rights = [_right(cluster, where, *each) for each in _RIGHTS]
    return Doctor(
        checks=[*before, Check("namespace", "ok", told), Check("gate", "ok", _gate(decisions)), *rights, key],
        namespace=where,
        environment=environment.value,
        gate={risk.value: decision.verdict.value for risk, decision in decisions.items()},
    )


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", check())
    except (DeskError, ClusterError, OSError) as error:
        return Check(name, "missing", str(error))


def _git(configured: Settings) -> str:
    history_of(configured)
    return f"{configured.workspace.resolve()} takes commits"


def _journal(configured: Settings) -> str:
    if not stores.exists(configured.workspace, configured.journal):
        return "none yet; the first session makes it"
    journal = existing_journal(configured.workspace, configured.journal)
    if configured.journal is not None:
        return f"in {configured.journal}, with {counted(len(journal.sessions()), 'session')}, not verified here"
    if (size := (configured.workspace / stores.JOURNAL).stat().st_size) > VERIFIED_UP_TO_BYTES:
        return f"{size // 1024 // 1024} MiB, not verified here, for it takes long: `desk journal verify` does"
    return f"intact, {counted(journal.verify(), 'event')}"


def _aws(configured: Settings) -> Check:
    """Which account and region AWS is; optional where nobody says that there is one."""
    said = (configured.aws_profile, configured.aws_region, configured.aws_account)
    if not any(said) and not any(os.environ.get(name) for name in _AWS_VARIABLES):
        return Check("aws", "optional", "no profile, region or AWS_* variable: nothing is made in AWS")
    return _try(AWS, lambda: _account(configured, AWS))


def _azure(configured: Settings) -> Check:
    """Which subscription, resource group and region Azure is; optional where nobody says that there is one."""
    if not configured.azure_subscription:
        return Check(AZURE, "optional", "no subscription is said: nothing is made in Azure")
    return _try(AZURE, lambda: _account(configured, AZURE))


def _account(configured: Settings, cloud: str) -> str:
    account = clouds_of(configured)(cloud).account
    return f"account {account.id}, region {account.region}, as {account.identity}"


def _channels(configured: Settings) -> list[Check]:
    """Where people are asked, and who decides; nobody needs more than the terminal."""
    return [_approvers(configured), *_notifiers(configured)]


def _approvers(configured: Settings) -> Check:
    try:
        known = load_approvers(configured.workspace)
    except DeskError as error:
        return Check("approvers", "missing", str(error))
    if known is None:
        return Check("approvers", "optional", f"no {APPROVERS_FILE}: the terminal decides, and no other channel")
    return Check("approvers", "ok", f"{counted(len(known.people), 'person')} in {APPROVERS_FILE}")


def _notifiers(configured: Settings) -> list[Check]:
    try:
        lacks = missing(configured.channels, secrets_of(configured.channels))
    except DeskError as error:
        return [Check("channels", "missing", str(error))]
    return [
        Check(name, "optional", f"lacks {what}: docs/approvals.md")
        if what
        else Check(name, "ok", "set up; `desk watch` sends")
        for name, what in lacks.items()
    ]


def _telemetry() -> Check:
    where = telemetry.endpoint(os.environ)
    if not where:
        return Check("telemetry", "optional", "no OTEL_EXPORTER_OTLP_ENDPOINT: no spans are sent")
    lack = telemetry.lacks(os.environ)
    return (
        Check("telemetry", "missing", lack)
        if lack
        else Check("telemetry", "ok", f"spans go to {urlsplit(where).hostname}")
    )


def _environment(cluster: HttpCluster, where: str) -> tuple[Environment, str]:
    """What the gate takes the namespace for, and why."""
    try:
        labels = cluster.get("namespaces", where, None)["metadata"].get("labels") or {}
    except Forbidden:
        return environment_of({}, where), f"{where}: its labels may not be read, and the gate asks for them"
    environment = environment_of(labels, where)
    if "environment" in labels:
        return environment, f"{where}: label environment={labels['environment']}, so it is {environment.value}"
    said = f"{where}: no label environment, so it counts as {environment.value}"
    return environment, f"{said}. Who administers it can: kubectl label namespace {where} environment=dev"


def _gate(decisions: dict[Risk, Decision]) -> str:
    """What is done with each class of risk, those alike together."""
    alike: dict[str, list[str]] = {}
    for risk, decision in decisions.items():
        alike.setdefault(_said(risk, decision), []).append(risk.value)
    return "; ".join(f"{', '.join(risks)}: {said}" for said, risks in alike.items())


def _said(risk: Risk, decision: Decision) -> str:
    match decision.verdict:
        case Verdict.ALLOW:
            return "done" if risk in (Risk.READ, Risk.RENDER) else "done where the task names it, else asks"
        case Verdict.ASK:
            return "a person approves"
        case Verdict.DENY:
            return f"{decision.owner}'s, never done"


def _right(cluster: HttpCluster, namespace: str, verb: str, group: str, kind: str) -> Check:
    resource, _, subresource = kind.partition("/")
    if cluster.may(Access(verb, group, resource, namespace, subresource=subresource)):
        return Check("permission", "ok", f"{verb} {kind} in {namespace}")
    role = "edit" if verb == "patch" else "view"
    grant = f"kubectl create rolebinding desk --clusterrole={role} --user=USER -n {namespace}"
    return Check("permission", "missing", f"may not {verb} {kind} in {namespace}; who administers it can: {grant}")


def _key(configured: Settings) -> Check:
    """Missing only where Claude is asked for: without a key nobody else needs one."""
    try:
        key = key_of(configured)
    except DeskError as error:
        return Check("key", "missing", str(error))
    where = configured.api_key_file or "ANTHROPIC_API_KEY"
    if key:
        return Check("key", "ok", f"{where}: Claude thinks, unless --model says otherwise")
    if configured.model in (None, PLAYBOOK):
        return Check("key", "optional", f"no key in {where}: Playbook plans, which needs none")
    how = "set ANTHROPIC_API_KEY, or name a file that holds it with --api-key-file"
    return Check("key", "missing", f"{configured.model} needs one, and there is none in {where}: {how}")
