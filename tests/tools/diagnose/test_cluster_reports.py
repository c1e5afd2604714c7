"""Faults of public problem reports, made on a real cluster in objects of our own: the object behind the symptom.

`reports/` has them; all are made at once, each in a namespace of its own, and looked at until each is told.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import msgspec
import pytest

from tests.tools.diagnose.real_cluster import KUBECONFIG, ON_A_CLUSTER, diagnosed
from tests.tools.diagnose.typed_remedies import not_working
from tools.cluster.errors import NotFound
from tools.diagnose.diagnose import diagnose
from tools.json import Json

pytestmark = [*ON_A_CLUSTER, pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")]

REPORTS = Path(__file__).parent / "reports"
WITHIN_S = 300
EVERY_S = 4


class Told(msgspec.Struct, frozen=True):
    """What must be said in one namespace: of which object, with which words, and how the first remedy reads."""

    namespace: str
    cause: str
    object: str
    words: tuple[str, ...]
    remedy: str = ""


TOLD = [
    Told(
        "01",
        "CrashLoopBackOff",
        "Deployment tracker",
        ("env TRACKER_PORT is tcp://", "Service tracker"),
        "enableServiceLinks",
    ),
    Told("02", "JobHeldBySidecar", "Job nightly-export", ("container export ended", "istio-proxy")),
    Told("04", "CrashLoopBackOff", "Secret orders-db", ("env DB_PASSWORD", "key password", "ends with a newline")),
    Told(
        "05b",
        "CrashLoopBackOff",
        "Deployment planner",
        ("PersistentVolumeClaim planner-data (ReadWriteOnce)",),
        "Recreate",
    ),
    Told("07", "CrashLoopBackOff", "ServiceAccount registry-reader", ("automountServiceAccountToken: false",)),
    Told(
        "10",
        "OOMKilled",
        "Deployment thumbs",
        ("emptyDir cache (medium: Memory, sizeLimit 256Mi)",),
        "memory=512Mi",
    ),
    Told(
        "102",
        "CrashLoopBackOff",
        "StatefulSet vec",
        ("spec.serviceName, vec, which is not headless", "vec-headless"),
    ),
    Told(
        "103",
        "ReadinessProbeFailed",
        "Deployment flow",
        ("WRONGPASS", "Secret valkey-auth was changed at"),
        "rollout restart",
    ),
    Told(
        "117",
        "Pending",
        "PersistentVolumeClaim workspace",
        ("being deleted", "pod file-browser"),
        "delete pod file-browser",
    ),
    Told("14", "LimitRangeViolated", "Deployment mailer", ("500m is the default of LimitRange sizing",), "cpu=80m"),
    Told("15", "NamespaceTerminating", "Namespace 15", ("storage.acme.example/release", "configmaps/lease-state")),
    Told("20", "Pending", "PersistentVolumeClaim data-meter-0", ("no volume comes from ebs.csi.aws.com",)),
    Told(
        "22",
        "RolloutBlocked",
        "StatefulSet broker",
        ("sets env BROKER_ID", "OnDelete", "broker-0"),
        "delete pod broker-0",
    ),
    Told(
        "26",
        "RBACForbidden",
        "RoleBinding replicator",
        ("of namespace default", "subjects[0].namespace"),
        "/subjects/0",
    ),
    Told("29d", "PodFailed", "Pod kv", ("SysctlForbidden", "net.core.somaxconn")),
    Told("29d", "PodFailed", "Pod out-of-cpu", ("spec.nodeName", "48 cpu")),
    Told("29d", "PodFailed", "Pod wrong-affinity", ("spec.nodeName", "disktype=nvme")),
    Told("29d", "PodFailed", "Job pinned", ("OutOfcpu",)),
    Told("31", "ReadinessProbeFailed", "Deployment ui", ("127.0.0.1 alone", "http://localhost:5173/")),
    Told(
        "32", "ReadinessProbeFailed", "Deployment papers", ("Host header", "DisallowedHost"), "papers.example.com"
    ),
    Told("34", "CrashLoopBackOff", "Service billing-db", ("ExternalName", "there is no namespace")),
    Told("34", "CrashLoopBackOff", "Service policy-backend", ("10.132.32.158, an IP address",)),
    Told("35", "LoadBalancerPending", "Service edge", ("has no address",)),
    Told("36", "CrashLoopBackOff", "Deployment signer", ("Secret signing-key", "mode 0400"), '"fsGroup": 10001'),
    Told("38", "TerminatingStuck", "Deployment encoder", ("Recreate", "preStop hook", "is killed at")),
    Told(
        "42",
        "FailedMount",
        "Deployment dns-webhook",
        ("Secret dns-webhook-tls", "cert-manager", "is not installed"),
    ),
    Told("42", "TLSSecretMissing", "Ingress dns-webhook", ("dns-example-com-tls", "is not installed")),
    Told("43", "CrashLoopBackOff", "Deployment notes", ("volume data (emptyDir) is mounted over /bin and hides",)),
    Told(
        "43", "CrashLoopBackOff", "Deployment scripts", ("volume data (emptyDir) is mounted over /usr/share/app",)
    ),
    Told(
        "45",
        "WebhookUnavailable",
        "MutatingWebhookConfiguration 45-injector",
        ("the Jobs of CronJob digest", "no namespace"),
    ),
    Told(
        "54",
        "CrashLoopBackOff",
        "Deployment store",
        ("there is no namespace staging", "CATALOG_URL"),
        "http://catalog:8080",
    ),
    Told(
        "64",
        "OOMKilled",
        "CrdbCluster crdb",
        ("StatefulSet crdb is made from CrdbCluster crdb",),
        "kubectl edit crdbcluster",
    ),
]
NOTHING_WRONG = ("h3", "h4")
ONE_ONLY = ("20",)


WITHOUT_OPERATOR = "64"
"""The custom resource that owns its pods is of a kind that the cluster does not serve."""


class Cluster:
    """The namespaces of the reports; `seen` holds the last diagnosis of each."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.seen: dict[str, list[Json]] = {}

    def kubectl(self, *words: str, given: str = "", check: bool = True) -> None:
        command = ["kubectl", "--kubeconfig", KUBECONFIG, *(word.replace("pub-", self.prefix) for word in words)]
        subprocess.run(
            command, input=given.replace("pub-", self.prefix), text=True, check=check, capture_output=True
        )

    def look(self) -> bool:
        """Whether everything is told, and nothing that is not wrong."""
        for name in {each.namespace for each in TOLD} | set(NOTHING_WRONG):
            if not self.is_told(name):
                try:
                    self.seen[name] = diagnose(diagnosed(), namespace=f"{self.prefix}{name}")["findings"]
                except NotFound:
                    self.seen.setdefault(name, [])
        return all(self.is_told(name) for name in {each.namespace for each in TOLD} | set(NOTHING_WRONG))

    def is_told(self, name: str) -> bool:
        if name in NOTHING_WRONG:
            return name in self.seen and not faults(self.seen[name])
        return all(self.found(each) for each in TOLD if each.namespace == name)

    def found(self, told: Told) -> Json | None:
        kind, _, name = told.object.partition(" ")
        if kind in ("Namespace", "MutatingWebhookConfiguration"):
            name = f"{self.prefix}{name}"
        return next(
            (
                each
                for each in self.seen.get(told.namespace, ())
                if (each["cause"], each["object"]["kind"], each["object"]["name"]) == (told.cause, kind, name)
                and all(word in each["summary"] for word in told.words)
            ),
            None,
        )


def faults(findings: list[Json]) -> list[Json]:
    return [each for each in findings if each["severity"] != "info"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster(f"pub{uuid.uuid4().hex[:6]}-")
    try:
        _make(made)
        deadline = time.monotonic() + WITHIN_S
        while not made.look() and time.monotonic() < deadline:
            time.sleep(EVERY_S)
        yield made
    finally:
        _unmake(made)


def _make(made: Cluster) -> None:
    first = [path.read_text() for path in sorted(REPORTS.glob("*.yaml")) if path.name != "117-step2.yaml"]
    made.kubectl("apply", "-f", "-", given="\n---\n".join(first))
    made.kubectl("-n", "pub-117", "wait", "--for=condition=Ready", "pod/file-browser", "--timeout=180s")
    made.kubectl("-n", "pub-117", "delete", "pvc", "workspace", "--wait=false")
    made.kubectl("-n", "pub-117", "apply", "-f", str(REPORTS / "117-step2.yaml"))
    for name, each in (("05b", "deployment/planner"), ("38", "deployment/encoder"), ("103", "deployment/flow")):
        wait = "condition=Available" if name != "103" else "jsonpath={.status.replicas}=1"
        made.kubectl("-n", f"pub-{name}", "wait", f"--for={wait}", each, "--timeout=180s")
    made.kubectl(
        "-n", "pub-103", "wait", "--for=jsonpath={.status.phase}=Running", "pod", "--all", "--timeout=180s"
    )
    made.kubectl("-n", "pub-22", "wait", "--for=jsonpath={.status.phase}=Running", "pod/broker-0", "--timeout=180s")
    made.kubectl("-n", "pub-05b", "set", "env", "deploy/planner", "VERSION=2")
    made.kubectl("-n", "pub-38", "set", "env", "deploy/encoder", "V=2")
    made.kubectl("-n", "pub-22", "set", "env", "sts/broker", "BROKER_ID=1")
    made.kubectl(
        "-n", "pub-103", "patch", "secret", "valkey-auth", "-p", '{"stringData": {"password": "autumn-2026"}}'
    )
    made.kubectl("delete", "ns", "pub-15", "--wait=false")


def _unmake(made: Cluster) -> None:
    names = sorted({each.namespace for each in TOLD} | set(NOTHING_WRONG))
    free = '{"metadata": {"finalizers": null}}'
    made.kubectl("-n", "pub-15", "patch", "cm", "lease-state", "--type=merge", "-p", free, check=False)
    made.kubectl("delete", "mutatingwebhookconfiguration", "pub-45-injector", check=False)
    made.kubectl("delete", "storageclass", "pub-gp3", check=False)
    made.kubectl("-n", "pub-38", "delete", "deployment", "--all", "--cascade=orphan", check=False)
    made.kubectl("-n", "pub-38", "delete", "pod", "--all", "--force", "--grace-period=0", check=False)
    made.kubectl("delete", "ns", "--wait=false", *(f"pub-{name}" for name in names), check=False)


@pytest.mark.parametrize("told", TOLD, ids=lambda told: f"{told.namespace}-{told.object.replace(' ', '-')}")
def test_object_behind_the_symptom_is_named(told: Told, cluster: Cluster) -> None:
    found = cluster.found(told)

    assert found is not None, [(each["cause"], each["summary"]) for each in cluster.seen.get(told.namespace, ())]
    assert told.remedy in found["remedies"][0]["command"]
    assert not any("rollout undo" in each["command"] for each in found["remedies"])


@pytest.mark.parametrize("name", NOTHING_WRONG)
def test_what_is_so_by_design_is_no_fault(name: str, cluster: Cluster) -> None:
    assert faults(cluster.seen[name]) == []


@pytest.mark.parametrize("name", ONE_ONLY)
def test_nothing_else_is_blamed(name: str, cluster: Cluster) -> None:
    assert len(cluster.seen[name]) == 1


def test_the_remedies_can_be_typed(cluster: Cluster, tmp_path: Path) -> None:
    served = (found for name, found in cluster.seen.items() if name != WITHOUT_OPERATOR)
    assert not_working(chain.from_iterable(served), tmp_path) == []
