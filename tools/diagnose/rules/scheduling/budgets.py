"""PodDisruptionBudgets that let no pod be evicted.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from __future__ import annotations

from itertools import combinations

from tools.diagnose.facts.naming import said
from tools.diagnose.facts.remedies import deleted, patched
from tools.diagnose.facts.service_pods import pods_matching
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.reading.decoding import looks_well
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/"
PDB_BLOCKS_DISRUPTION = Cause(
    "PDBBlocksDisruption",
    topic="scaling",
    means="A PodDisruptionBudget never lets a pod be evicted.",
    why="It asks for as many healthy pods as there are, so that draining a node waits forever.",
    mend="Allow one pod to be away; or, where minAvailable is a number, run one more than it.",
    example="PodDisruptionBudget web lets no pod be evicted: it wants 1 healthy and there is 1",
    source=_DOC + "tasks/run-application/configure-pdb/",
    called=r"\bpdb\b|\bdisruption\b",
)


def disruption_budgets(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Budgets that let no pod be evicted though all are healthy, and pods that more than one budget is for."""
    budgets = [
        item
        for item in snapshot.of("PodDisruptionBudget")
        if not item["metadata"].get("deletionTimestamp")
        and not known.explains("PodDisruptionBudget", item["metadata"]["name"])
    ]
    blocking = [_blocked(item, snapshot) for item in budgets if _blocks(item)]
    uncounted = [_uncounted(item, snapshot) for item in budgets if _is_uncounted(item)]
    return [*blocking, *uncounted, *_overlapping(budgets, snapshot)]


def _blocks(item: Json) -> bool:
    status = status_of(item)
    expected = status.get("expectedPods") or 0
    return (
        expected > 0
        and status.get("disruptionsAllowed") == 0
        and (status.get("currentHealthy") or 0) >= expected
        and (status.get("desiredHealthy") or 0) >= expected
        and status.get("observedGeneration") == item["metadata"].get("generation")
    )


def _blocked(item: Json, snapshot: Snapshot) -> Finding:
    pdb, status, spec = _ref(item, snapshot), item["status"], item["spec"]
    field = "minAvailable" if spec.get("minAvailable") is not None else "maxUnavailable"
    asked = f"{field} {one_line(str(spec.get(field)), 20)}"
    pods = status["expectedPods"]
    return _finding(
        pdb,
        f"{said(pdb)} lets no pod be evicted: with {asked} it wants {status['desiredHealthy']} healthy, "
        f"and there {'is' if pods == 1 else 'are'} {pods} in all",
        "Draining a node evicts its pods, and waits as long as a budget does not allow it: here forever.",
        Evidence("spec", said(pdb), asked),
        _patch(
            pdb,
            "Allow one pod to be away" + _more_pods(spec.get("minAvailable"), status),
            {"minAvailable": None, "maxUnavailable": 1},
        ),
    )


def _more_pods(minimum: object, status: Json) -> str:
    """How many pods the budget would let one go of, where it asks for a number; a share grows with them."""
    return f"; or run {status['desiredHealthy'] + 1}, and keep the budget" if isinstance(minimum, int) else ""


def _finding(
    pdb: ObjectRef,
    summary: str,
    why: str,
    evidence: Evidence,
    remedy: Remedy,
    concerns: tuple[ObjectRef, ...] = (),
) -> Finding:
    return Finding(
        cause=PDB_BLOCKS_DISRUPTION,
        object=pdb,
        detail=summary,
        why=why,
        evidence=(evidence,),
        remedies=(remedy,),
        severity="warning",
        concerns=concerns,
    )


def _patch(pdb: ObjectRef, title: str, spec: Json) -> Remedy:
    return patched(pdb, title, {"spec": spec})


def _is_uncounted(item: Json) -> bool:
    """It has healthy pods and expects none: they have no controller that says how many there should be."""
    status = status_of(item)
    return (
        not status.get("expectedPods")
        and bool(status.get("currentHealthy"))
        and status.get("disruptionsAllowed") == 0
        and status.get("observedGeneration") == item["metadata"].get("generation")
    )


def _uncounted(item: Json, snapshot: Snapshot) -> Finding:
    pdb, healthy = _ref(item, snapshot), int(item["status"]["currentHealthy"])
    return _finding(
        pdb,
        f"{said(pdb)} lets no pod be evicted: its pods have no controller, so that it cannot count them",
        "maxUnavailable, and minAvailable in percent, count from the replicas of the pods' controller; for pods "
        "without one only minAvailable as a number can be.",
        Evidence("status", said(pdb), f"expectedPods: 0, currentHealthy: {healthy}"),
        _patch(pdb, "Say how many must stay", {"maxUnavailable": None, "minAvailable": healthy - 1}),
    )


def _overlapping(budgets: list[Json], snapshot: Snapshot) -> list[Finding]:
    ordered, chosen = sorted(budgets, key=_age), dict[str, list[int]]()
    for at, item in enumerate(ordered):
        for pod in filter(looks_well, pods_matching(item["spec"].get("selector"), snapshot)):
            chosen.setdefault(str(pod["metadata"]["name"]), []).append(at)
    both: dict[tuple[int, int], list[str]] = {}
    for name, each in chosen.items():
        for pair in combinations(each, 2):
            both.setdefault(pair, []).append(name)
    return [
        _twice(_ref(ordered[later], snapshot), _ref(ordered[first], snapshot), sorted(pods))
        for (first, later), pods in sorted(both.items())
    ]


def _twice(later: ObjectRef, first: ObjectRef, pods: list[str]) -> Finding:
    return _finding(
        later,
        f"{said(later)} chooses pods that {said(first)} chooses already ({pods[0]}): none can be evicted",
        "A pod with more than one PodDisruptionBudget cannot be evicted: the API server answers with an error, and "
        "draining its node waits forever.",
        Evidence("spec", said(later), f"its selector matches {len(pods)} of the pods of {said(first)}"),
        deleted(later, f"Delete {said(later)}, or correct its selector"),
        concerns=(first,),
    )


def _ref(item: Json, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef("policy/v1", "PodDisruptionBudget", snapshot.namespace, item["metadata"]["name"])


def _age(item: Json) -> tuple[str, str]:
    return str(item["metadata"].get("creationTimestamp", "")), str(item["metadata"]["name"])


RULE = Rule(causes=(PDB_BLOCKS_DISRUPTION,), find=disruption_budgets)
