"""Why does it not run? Read once, judge, report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.diagnose.findings import Finding, Known, report
from tools.diagnose.reading import read_snapshot
from tools.diagnose.rules import RULES, SYMPTOMS

if TYPE_CHECKING:
    from tools.cluster.client import Cluster, Json
    from tools.diagnose.snapshot import Snapshot


def diagnose(cluster: Cluster, *, namespace: str, name: str | None = None) -> Json:
    """Find out why workloads of a namespace do not run, and what would mend them.

    Looks at every pod of the namespace, or with `name` only at one workload or pod: its plain name, or
    TYPE/NAME such as deployment/checkout or pod/checkout-7d4b9-x2x. Names the cause (OOMKilled,
    CrashLoopBackOff, ImagePullBackOff, Pending, CreateContainerConfigError), the object to change, the
    evidence, and remedies; a remedy with a `tool` can be called with its `arguments` as they stand. No
    findings means that nothing it knows is wrong; `not_checked` says what it was not allowed to see.

    Gives a `desk.findings/v1` document. Raises `NotFound` when the namespace or the name does not exist,
    and any `ClusterError` that keeps the pods from being read.
    """
    return judge(read_snapshot(cluster, namespace, name))


def judge(snapshot: Snapshot) -> Json:
    """The report on a snapshot: every rule, no input or output."""
    return report(
        findings_of(snapshot),
        cluster=snapshot.cluster,
        namespace=snapshot.namespace,
        checked={kind: len(items) for kind, items in snapshot.objects.items()},
        not_checked=snapshot.not_checked,
    )


def findings_of(snapshot: Snapshot) -> list[Finding]:
    """What the rules find: the causes, then the symptoms that no cause explains."""
    findings = [finding for rule in RULES for finding in rule(snapshot)]
    for symptom in SYMPTOMS:
        findings += symptom(snapshot, Known(findings))
    return findings
