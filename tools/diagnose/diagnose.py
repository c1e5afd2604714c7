"""Why does it not run? Read once, judge, report."""

from __future__ import annotations

from collections import Counter

from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden
from tools.cluster.namespaces import refuse_unless_there
from tools.diagnose.findings import Starting
from tools.diagnose.reading.apart import one_by_one
from tools.diagnose.reading.asking import answered
from tools.diagnose.reading.read import Reader
from tools.diagnose.report import report
from tools.diagnose.rules import due
from tools.diagnose.selection import EVERYTHING, Asked, about, narrowed
from tools.diagnose.starting import starting
from tools.diagnose.terms import Finding, Json, Known, Snapshot
from tools.diagnose.timing import just_applied


def diagnose(
    cluster: Cluster, *, namespace: str | None, name: str | None = None, selector: str | None = None
) -> Json:
    """Find out why workloads of a namespace (None: of all namespaces) do not run, and what would mend them.

    Who may not read all namespaces is told of those that they may read; `not_checked` has the others. With `name`
    only what concerns one object: its plain name, or TYPE/NAME such as deployment/checkout. With `selector` only
    what concerns the pods with those labels.

    Gives a `desk.findings/v1` document. Raises `NotFound` when the namespace or the name does not exist, and any
    `ClusterError` that keeps the pods from being read, or is everything's.
    """
    asked = Asked(name, selector) if name or selector else EVERYTHING
    snapshots, unread = _read(cluster, namespace, asked)
    findings: list[Finding] = []
    begun: list[Starting] = []
    checked: Counter[str] = Counter()
    not_checked = dict.fromkeys(unread)
    for read in snapshots.values():
        part = narrowed(read, asked, cluster)
        snapshot, found = _judged(cluster, read)
        findings += about(found, asked, part)
        begun += about(starting(snapshot, found), asked, part)
        checked.update({kind: len(items) for kind, items in part.objects.items()})
        not_checked |= dict.fromkeys(snapshot.not_checked)
    return report(
        findings,
        begun,
        cluster=cluster.fingerprint,
        namespace=namespace,
        checked=checked,
        not_checked=not_checked,
    )


def _judged(cluster: Cluster, snapshot: Snapshot) -> tuple[Snapshot, list[Finding]]:
    """What is found once all that the rules ask beyond the snapshot is answered."""
    while True:
        found = findings_of(snapshot)
        more = answered(cluster, snapshot)
        if more is None:
            return snapshot, found
        snapshot = more


def _read(cluster: Cluster, namespace: str | None, asked: Asked) -> tuple[dict[str, Snapshot], tuple[str, ...]]:
    """The snapshots by namespace, and which namespaces could not be read."""
    try:
        with Reader(cluster, namespace) as reader:
            return reader.snapshots(asked), ()
    except Forbidden as refused:
        if namespace is not None:
            refuse_unless_there(cluster, namespace)
            raise
        return one_by_one(cluster, asked, refused)


def judge(snapshot: Snapshot) -> Json:
    """The report on one whole snapshot: no input or output."""
    findings = findings_of(snapshot)
    return report(
        findings,
        starting(snapshot, findings),
        cluster=snapshot.cluster,
        namespace=snapshot.namespace,
        checked={kind: len(items) for kind, items in snapshot.objects.items()},
        not_checked=snapshot.not_checked,
    )


def findings_of(snapshot: Snapshot) -> list[Finding]:
    """What the rules find: the causes, then the symptoms that no cause explains, in context and of its age."""
    rules, known = due(snapshot), Known()
    for rule in rules:
        known.add(rule.find(snapshot, known))
    findings = known.findings
    for rule in rules:
        if rule.retell is not None:
            findings = rule.retell(findings, snapshot)
    return [just_applied(finding, snapshot) for finding in findings]
