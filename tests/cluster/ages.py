"""What a diagnosis says 3 s, 20 s and 90 s after creation, and of healthy namespaces each second for two minutes.

    DESK_TEST_KUBECONFIG=... python -m tests.cluster.ages [faults] [healthy]

By hand, for it takes some five minutes, and some hundred pods. Prints a table of the answers, and ends with 1 if
one of them is not right for its age, or if anything was said of what is healthy.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from kubernetes.client import ApiClient, CoreV1Api, V1Namespace, V1ObjectMeta
from kubernetes.utils import create_from_dict

from tests.cluster import healthy
from tests.tools.diagnose import diagnose_faults, rollout_faults, service_faults
from tests.tools.diagnose.real_cluster import administrator, diagnosed
from tools.diagnose.diagnose import diagnose
from tools.diagnose.timing import RUNS_WELL_AFTER
from tools.json import Json

Key = tuple[str, str, str]
"""Kind, name and cause."""

AGES_S = (3, 20, 90)
WATCHED_S = 120
OWN: dict[str, list[Json]] = yaml.safe_load((Path(__file__).parent / "ages.yaml").read_text())
LABELS = {"restricted": {"pod-security.kubernetes.io/enforce": "restricted"}}
AT_ONCE = {
    *("Pending", "QuotaExceeded", "LimitRangeViolated", "PodSecurityViolated", "FailedCreate", "RolloutPaused"),
    *("DaemonSetNotScheduled", "CronJobSuspended", "CronJobScheduleInvalid", "ServiceSelectorMismatch"),
    *("ServicePortMismatch", "BackendServiceMissing", "BackendPortMissing", "IngressClassMissing"),
    *("TLSSecretMissing", "HostConflict", "NetworkPolicyBlocksDNS", "NetworkPolicyBlocksIngress"),
    "HPATargetMissing",
}
"""What no time mends, and nothing has to happen first."""
LATER = {
    "CronJobForbidden",
    "CronJobMissedRuns",
    "HPAAtMaximum",
    "HPANoRequests",
    "HPANoMetrics",
    "PDBBlocksDisruption",
}
"""What shows only after minutes: schedules, measurements."""


@dataclass(frozen=True)
class Group:
    """What is made together in a namespace, and what is to be found of it."""

    name: str
    manifests: list[Json]
    expected: list[Key]


def main(words: list[str]) -> int:
    """Both parts, or those that are named; gives the exit code."""
    parts = {"faults": _faults, "healthy": _healthy}
    return max(parts[word]() for word in words or parts)


def _groups() -> Iterator[Group]:
    yield Group(
        "faults",
        [*diagnose_faults.MANIFESTS],
        [(each.kind, each.name, each.cause) for each in diagnose_faults.FAULTS],
    )
    changed = {name for _, name in rollout_faults.CHANGES}
    rollouts = [each for each in rollout_faults.MANIFESTS if each["metadata"]["name"] not in changed - {"stuck"}]
    stay = [key for key in rollout_faults.FOUND if key[1] not in changed]
    yield Group("rollouts", rollouts, [key for key in stay if key != ("CronJob", "fails", "BackoffLimitExceeded")])
    yield Group("services", service_faults.MANIFESTS, list(service_faults.FOUND))
    deployed = {
        "more": {
            "no-startup": "StartupProbeFailed",
            "no-path": "ReadinessProbeFailed",
            "no-listener": "ReadinessProbeFailed",
            "waits": "InitContainerStuck",
            "no-account": "FailedCreate",
            "held": "RolloutPaused",
            "forbidden": "RBACForbidden",
            "fills-up": "Evicted",
        },
        "limited": {"too-large": "LimitRangeViolated"},
        "restricted": {"as-root": "PodSecurityViolated"},
    }
    for name, causes in deployed.items():
        yield Group(name, OWN[name], [("Deployment", each, cause) for each, cause in causes.items()])
    yield Group("bounded", OWN["bounded"], [("ResourceQuota", "team", "QuotaExceeded")])


def _faults() -> int:
    groups = list(_groups())
    with ThreadPoolExecutor(len(groups)) as pool:
        rows = [row for found in pool.map(_asked, groups) for row in found]
    print(f"{'cause':28}{'object':38}" + "".join(f"{f'{age} s':24}" for age in AGES_S))
    for row in sorted(rows):
        print(row[0])
    wrong = [row for row in rows if not row[1]]
    print(f"{len(rows) - len(wrong)} of {len(rows)} answered rightly at {', '.join(f'{age} s' for age in AGES_S)}")
    return 1 if wrong else 0


def _asked(group: Group) -> list[tuple[str, bool]]:
    """A line for each fault of a group, and whether it was right at each age."""
    api, cluster = administrator(), diagnosed()
    with _namespace(api, group.name, LABELS.get(group.name)) as namespace:
        _create(api, namespace, group.manifests)
        made = time.monotonic()
        reports = []
        for age in AGES_S:
            time.sleep(max(0.0, made + age - time.monotonic()))
            reports.append(diagnose(cluster, namespace=namespace))
    return [_row(key, reports) for key in group.expected]


def _row(key: Key, reports: list[Json]) -> tuple[str, bool]:
    kind, name, cause = key
    answers = [_answer(key, report) for report in reports]
    right = all(_is_right(cause, answer, age) for answer, age in zip(answers, AGES_S, strict=True))
    line = f"{cause:28}{f'{kind} {name}':38}" + "".join(f"{answer:24}" for answer in answers)
    return f"{line}{'' if right else 'WRONG'}", right


def _answer(key: Key, report: Json) -> str:
    """The severity of the finding that is meant; another cause; `starting`; or nothing of it."""
    _, name, cause = key
    own = [each for each in report["findings"] if each["object"]["name"] == name or _suffers(name, each)]
    own.sort(key=lambda each: (each["cause"] != cause, each["object"]["name"] != name))
    if own:
        word = f"{own[0]['severity']}{', so far' if own[0]['so_far'] else ''}"
        return word if own[0]["cause"] == cause else f"{word}: {own[0]['cause']}"[:23]
    return "starting" if any(name in each for each in report["starting"]) else "-"


def _suffers(name: str, finding: Json) -> bool:
    return any(pod == name or pod.startswith(f"{name}-") for pod in finding["affected"])


def _is_right(cause: str, answer: str, age: float) -> bool:
    if cause in LATER:
        return True
    told = answer.partition(",")[0] in ("error", "warning", "info")
    may_wait = cause not in AT_ONCE and age < AGES_S[-1]
    return told or (may_wait and answer in ("starting",)) or (may_wait and ":" in answer)


def _healthy() -> int:
    with ThreadPoolExecutor(len(healthy.NAMESPACES)) as pool:
        said = list(pool.map(_watched, healthy.NAMESPACES))
    print(f"{'healthy namespace':24}{'looks':>6}{'starting':>10}{'so far':>8}{'well':>6}  wrong")
    for name, counts, wrong in said:
        print(
            f"{name:24}{counts['looks']:6}{counts['starting']:10}{counts['so far']:8}{counts['well']:6}  "
            + ("; ".join(f"{each} ({count} times)" for each, count in wrong.items()) or "-")
        )
    return 1 if any(wrong for _, _, wrong in said) else 0


def _watched(name: str) -> tuple[str, Counter[str], Counter[str]]:
    """What was said of a healthy namespace, each second from its creation on."""
    api, cluster = administrator(), diagnosed()
    counts: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    this = healthy.NAMESPACES[name]
    with _namespace(api, name, None) as namespace, ThreadPoolExecutor(1) as pool:
        made = time.monotonic()
        making = pool.submit(_create, api, namespace, this.manifests)
        while (since := time.monotonic()) - made < WATCHED_S:
            ready, is_made = _ready(cluster.list("pods", namespace)), making.done()
            report = diagnose(cluster, namespace=namespace)
            counts["looks"] += 1
            counts["starting"] += bool(report["starting"])
            counts["so far"] += any(each["so_far"] for each in report["findings"])
            counts["well"] += report["settled"]
            wrong.update(_wrong(report, this, ready, is_made=is_made))
            time.sleep(max(0.0, since + 1 - time.monotonic()))
        if not report["settled"]:
            wrong["not settled in the end"] += 1
    return name, counts, wrong


def _ready(pods: Iterable[Json]) -> set[str]:
    """Those that are ready, and not only just: a container without a probe is so at once."""
    until = (datetime.now(UTC) - RUNS_WELL_AFTER - timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        pod["metadata"]["name"]
        for pod in pods
        for each in (pod["status"].get("conditions") or ())
        if (each["type"], each["status"]) == ("Ready", "True") and each["lastTransitionTime"] < until
    }


def _wrong(report: Json, this: healthy.Healthy, ready: set[str], *, is_made: bool) -> Iterator[str]:
    """What should not have been said: an error; of what is well, or is not slow, that it is not well so far."""
    for each in report["findings"]:
        told = f"{each['severity']} {each['cause']}: {each['summary'][:160]}"
        if each["severity"] == "error":
            yield told
        elif each["so_far"] and is_made and not _is_true(each, this, ready):
            yield f"false so far: {told}"
    if report["settled"] and is_made and report["checked"]["Pod"] < this.ready:
        yield "nothing wrong, too early"


def _is_true(finding: Json, this: healthy.Healthy, ready: set[str]) -> bool:
    """Whether it is of what is slow there, and not all of the pods that it names are ready."""
    pods = {*finding["affected"]}
    return finding["cause"] in this.slow and not (pods and pods <= ready)


@contextmanager
def _namespace(api: ApiClient, name: str, labels: dict[str, str] | None) -> Iterator[str]:
    namespaces, unique = CoreV1Api(api), f"ages-{name}-{secrets.token_hex(3)}"
    namespaces.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=unique, labels=labels)))
    try:
        yield unique
    finally:
        namespaces.delete_namespace(unique)


def _create(api: ApiClient, namespace: str, manifests: Iterable[Json]) -> None:
    for manifest in manifests:
        create_from_dict(api, manifest, namespace=namespace)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
