"""What Desk does about a delivery, on a real cluster through the gate; and what it does not, whoever asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api, CustomObjectsApi, V1ObjectMeta, V1Secret

from agent.cli import main
from agent.workspace.history import init_repository
from tests.tools.delivery.argo_cd_chains import NEW, OLD, application, out_of_sync
from tests.tools.delivery.chains import merged
from tests.tools.delivery.kinds import deliveries
from tests.tools.delivery.openshift_chains import config
from tests.tools.delivery.tekton_chains import run
from tests.tools.diagnose.real_cluster import KUBECONFIG, ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tools.changes.driver import Stale
from tools.changes.kubernetes import KubernetesDriver
from tools.cluster.client import HttpCluster
from tools.delivery.applications import sync_app
from tools.delivery.facts.builds import PAUSED
from tools.frame import ToolContext
from tools.json import Json

pytestmark = ON_A_CLUSTER

ARGO, DEV, PROD, QA, OTHER = "argo", "dev", "prod", "qa", "other"
LABELS = {
    DEV: {"environment": "dev", "team": "shop"},
    PROD: {"environment": "prod", "team": "shop"},
    QA: {"environment": "test", "team": "shop"},
    OTHER: {"environment": "dev", "team": "pay"},
}
DONE, FAILED, WAITING, OUTSIDE = 0, 1, 3, 5
APPLICATIONS = ("argoproj.io", "v1alpha1", "applications")
Desk = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, str]]:
    """Namespaces: Argo CD's, and those of two teams."""
    api = administrator()
    with ExitStack() as stack:
        stack.enter_context(deliveries())
        names = {each: stack.enter_context(new_namespace(api, f"dlr-{each}")) for each in (ARGO, *LABELS)}
        for each, labels in LABELS.items():
            CoreV1Api(api).patch_namespace(names[each], {"metadata": {"labels": labels}})
        yield names


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The program in a workspace of its own: (exit code, what it said)."""
    for key, value in {"GIT_AUTHOR_NAME": "Kim", "GIT_AUTHOR_EMAIL": "kim@example.com"}.items():
        monkeypatch.setenv(key, value)
        monkeypatch.setenv(key.replace("AUTHOR", "COMMITTER"), value)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    init_repository(tmp_path / "workspace")

    def typed(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--workspace", str(tmp_path / "workspace"), "--kubeconfig", KUBECONFIG])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return typed


def call(desk: Desk, tool: str, **arguments: Any) -> tuple[int, str]:
    return desk("call", tool, "--json", json.dumps(arguments))


def resource(kind: str, namespace: str | None, status: str = "OutOfSync", **more: Any) -> Json:
    """An entry of `status.resources`; one of the whole cluster has no namespace."""
    where = {"namespace": namespace} if namespace else {}
    return {"version": "v1", "kind": kind, "name": kind.lower(), "status": status, **where, **more}


def seen(item: Json, places: dict[str, str], into: str, *resources: Json) -> Json:
    """The Application in the namespaces of this run, as its controller has compared it."""
    item["metadata"]["namespace"] = places[ARGO]
    item["spec"]["destination"]["namespace"] = places[into]
    own = [resource("Deployment", places[into], group="apps"), *resources]
    item["status"]["resources"] = own
    compared = {"source": item["spec"]["source"], "destination": item["spec"]["destination"]}
    item["status"]["sync"]["comparedTo"] = json.loads(json.dumps(compared))
    return item


def make(item: Json) -> None:
    api = administrator()
    group, _, version = item["apiVersion"].partition("/")
    plural, where = f"{item['kind'].lower()}s", item["metadata"]["namespace"]
    CustomObjectsApi(api).create_namespaced_custom_object(group, version, where, plural, item)


def live(name: str, namespace: str) -> Json:
    group = APPLICATIONS[0]
    found: Json = diagnosed().get(f"applications.{group}", name, namespace)
    return found


def patch(name: str, namespace: str, body: Json) -> None:
    group, version, plural = APPLICATIONS
    CustomObjectsApi(administrator()).patch_namespaced_custom_object(group, version, namespace, plural, name, body)


def test_a_teams_own_application_is_synced_in_dev(desk: Desk, places: dict[str, str]) -> None:
    spec = {"syncPolicy": {"syncOptions": ["ServerSideApply=true"], "retry": {"limit": 2}}}
    make(seen(out_of_sync("checkout", spec), places, DEV))
    code, said = desk("run", "sync checkout in dev", "-n", places[DEV], "--model", "playbook")

    assert code == DONE, said
    operation = live("checkout", places[ARGO])["operation"]
    assert operation["sync"] == {"revision": NEW, "syncOptions": ["ServerSideApply=true"]}
    assert (operation["retry"], operation["initiatedBy"]) == ({"limit": 2}, {"username": "desk-agent"})
    assert f"sync Application checkout in {places[DEV]} from {OLD[:7]} to {NEW[:7]}" in said

    code, said = call(desk, "sync_app", app="checkout", namespace=places[DEV])
    assert (code, "is being synced already" in said) == (FAILED, True), said


def test_nothing_is_done_where_it_is_synced(desk: Desk, places: dict[str, str]) -> None:
    make(seen(application("level"), places, DEV))
    code, said = call(desk, "sync_app", app="level", namespace=places[DEV])

    assert (code, f"Nothing to change: Application level is Synced at {OLD[:7]}" in said) == (DONE, True), said


HOSTILE: dict[str, tuple[str, Callable[[dict[str, str]], list[Json]], Json, int, str]] = {
    # name: into, further resources, spec, exit code, what is said
    "h-prod": (PROD, lambda _: [], {}, OUTSIDE, "change in prod is Flow's"),
    "h-default": (DEV, lambda _: [], {"project": "default"}, OUTSIDE, "is of the project default"),
    "h-anothers": (OTHER, lambda _: [], {}, OUTSIDE, "is team pay's"),
    "h-also-prod": (DEV, lambda at: [resource("ConfigMap", at[PROD], "Synced")], {}, OUTSIDE, "Flow's"),
    "h-nowhere": (DEV, lambda _: [resource("ConfigMap", "no-such-place")], {}, OUTSIDE, "Flow's"),
    "h-cluster": (DEV, lambda _: [resource("ClusterRole", None, "Synced")], {}, OUTSIDE, "Atlas"),
    "h-labels": (DEV, lambda _: [resource("Namespace", None)], {}, OUTSIDE, "Atlas"),
    "h-binding": (DEV, lambda at: [resource("RoleBinding", at[DEV])], {}, OUTSIDE, "Atlas"),
    "h-apps": (DEV, lambda at: [resource("Application", at[ARGO])], {}, OUTSIDE, "Flow's"),
    "h-hook": (DEV, lambda at: [resource("Job", at[PROD], "", hook=True)], {}, OUTSIDE, "Flow's"),
    "h-secret": (DEV, lambda at: [resource("Secret", at[DEV])], {}, WAITING, "approval"),
    "h-policy": (DEV, lambda at: [resource("NetworkPolicy", at[DEV])], {}, WAITING, "approval"),
    "h-qa": (QA, lambda _: [], {}, WAITING, "approval"),
    "h-replace": (DEV, lambda _: [], {"syncPolicy": {"syncOptions": ["Replace=true"]}}, WAITING, "approval"),
    "h-relabel": (
        DEV, lambda _: [], {"syncPolicy": {"managedNamespaceMetadata": {"labels": {"environment": "dev"}}}},
        OUTSIDE, "managedNamespaceMetadata",
    ),
    "h-elsewhere": (
        DEV, lambda _: [], {"destination": {"server": "https://prod.example.com"}}, OUTSIDE, "of this cluster",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_reaches_further_is_not_synced(name: str, desk: Desk, places: dict[str, str]) -> None:
    into, more, spec, expected, said = HOSTILE[name]
    make(seen(out_of_sync(name, spec), places, into, *more(places)))
    code, told = call(desk, "sync_app", app=name, namespace=places[into])

    assert (code, said in told) == (expected, True), told
    assert "operation" not in live(name, places[ARGO])


def test_what_is_only_to_be_pruned_or_is_as_it_was_counts_for_its_place_alone(
    desk: Desk, places: dict[str, str]
) -> None:
    own = [
        resource("RoleBinding", places[DEV], "Synced"),
        resource("Secret", places[DEV], requiresPruning=True),
    ]
    make(seen(out_of_sync("settled"), places, DEV, *own))
    code, said = call(desk, "sync_app", app="settled", namespace=places[DEV])

    assert code == DONE, said
    assert "prune" not in live("settled", places[ARGO])["operation"]["sync"]


def test_an_application_that_was_compared_with_something_else_is_not_synced(
    desk: Desk, places: dict[str, str]
) -> None:
    make(seen(out_of_sync("moved"), places, DEV))
    patch("moved", places[ARGO], {"spec": {"source": {"path": "apps/everything"}}})
    code, said = call(desk, "sync_app", app="moved", namespace=places[DEV])

    assert (code, "has not compared Application moved as it is now" in said) == (FAILED, True), said
    garbage = seen(out_of_sync("garbage"), places, DEV)
    garbage["status"]["resources"] = [{"kind": "Deployment"}]
    make(garbage)
    code, said = call(desk, "sync_app", app="garbage", namespace=places[DEV])
    assert (code, "has not compared Application garbage as it is now" in said) == (FAILED, True), said


def test_a_destination_that_changes_behind_the_plan_makes_it_stale(places: dict[str, str]) -> None:
    make(seen(out_of_sync("swapped"), places, DEV))
    cluster: HttpCluster = diagnosed()
    [change] = sync_app(ToolContext(cluster), namespace=places[DEV], app="swapped").changes
    driver = KubernetesDriver(cluster)
    assert driver.is_current(change)
    patch("swapped", places[ARGO], {"spec": {"destination": {"namespace": places[PROD]}}})

    assert not driver.is_current(change)
    with pytest.raises(Stale):
        driver.send(change, change.body, "")
    assert "operation" not in live("swapped", places[ARGO])


def test_one_name_for_two_applications_is_neither(desk: Desk, places: dict[str, str]) -> None:
    make(seen(out_of_sync("twice"), places, DEV))
    other = seen(out_of_sync("twice"), places, DEV)
    other["metadata"]["namespace"] = places[OTHER]
    make(other)
    code, said = call(desk, "sync_app", app="twice", namespace=places[DEV])

    assert (code, "Desk touches neither" in said) == (FAILED, True), said


def test_a_refresh_is_decided_as_a_sync_is(desk: Desk, places: dict[str, str]) -> None:
    for name, into in (("stale-dev", DEV), ("stale-prod", PROD)):
        make(seen(application(name), places, into))
    code, said = desk("run", "hard refresh stale-dev", "-n", places[DEV], "--model", "playbook")
    assert code == DONE, said
    assert live("stale-dev", places[ARGO])["metadata"]["annotations"] == {"argocd.argoproj.io/refresh": "hard"}

    code, said = call(desk, "refresh_app", app="stale-prod", namespace=places[PROD])
    assert (code, "annotations" in live("stale-prod", places[ARGO])["metadata"]) == (OUTSIDE, False), said


def test_what_is_paused_goes_on(desk: Desk, places: dict[str, str]) -> None:
    dev = places[DEV]
    paused = merged(config("web", **{PAUSED: "true"}), {"metadata": {"namespace": dev}})
    image = {"from": {"kind": "ImageStreamTag", "name": "base:1"}, "paused": True}
    paused["spec"]["triggers"] = [{"type": "GitHub"}, {"type": "ImageChange", "imageChange": image}]
    held = run("held", "Unknown", "PipelineRunPending", spec={"status": "PipelineRunPending"})
    skipped = seen(application("skipped", annotations={"argocd.argoproj.io/skip-reconcile": "true"}), places, DEV)
    for item in (paused, merged(held, {"metadata": {"namespace": dev}}), skipped):
        make(item)
    for words in ("unpause buildconfig web", "let pipelinerun held begin"):
        code, said = desk("run", words, "-n", dev, "--model", "playbook")
        assert code == DONE, said

    cluster = diagnosed()
    made = cluster.get("buildconfigs.build.openshift.io", "web", dev)
    assert PAUSED not in (made["metadata"].get("annotations") or {})
    assert made["spec"]["triggers"][1] == {"type": "ImageChange", "imageChange": {"from": image["from"]}}
    assert "status" not in cluster.get("pipelineruns.tekton.dev", "held", dev)["spec"]
    code, said = call(desk, "unpause_delivery", kind="Application", name="skipped", namespace=dev)
    assert code == WAITING, said


def test_a_pipeline_is_run_again_under_a_name_of_its_own(desk: Desk, places: dict[str, str]) -> None:
    dev = places[DEV]
    spec = {"params": [{"name": "revision", "value": 'a"b$(c)'}], "status": "Cancelled"}
    old = merged(run("build-7", "False", "Failed", spec=spec), {"metadata": {"namespace": dev}})
    old["metadata"]["labels"] |= {
        "team": "shop",
        "tekton.dev/pipeline": "build",
        "triggers.tekton.dev/trigger": "x",
    }
    make(old)
    for words in ("rerun pipeline build", "run pipeline build-7 again"):
        code, said = desk("run", words, "-n", dev, "--model", "playbook")
        assert code == DONE, said

    made = diagnosed().get("pipelineruns.tekton.dev", "build-rerun-1", dev)
    assert made["spec"] == {"pipelineRef": {"name": "build-7-pipeline"}, "params": spec["params"]}
    assert made["metadata"]["labels"] == {"team": "shop"}
    assert made["metadata"]["annotations"]["desk-agent/rerun-of"] == "build-7"
    assert diagnosed().get("pipelineruns.tekton.dev", "build-rerun-2", dev)
    code, said = call(desk, "rerun_pipeline", namespace=dev, name="biuld")
    assert (code, 'is called "biuld". Pipelines that ran: build' in said) == (FAILED, True), said


def test_a_builds_secret_is_named(desk: Desk, places: dict[str, str]) -> None:
    dev = places[DEV]
    make(merged(config("pushes"), {"metadata": {"namespace": dev}, "spec": {"strategy": {"dockerStrategy": {}}}}))
    code, said = call(desk, "set_build_secret", namespace=dev, name="pushes", secret_name="absent")
    assert (code, "There is no Secret absent" in said) == (FAILED, True), said
    CoreV1Api(administrator()).create_namespaced_secret(
        dev, V1Secret(metadata=V1ObjectMeta(name="quay"), string_data={"a": "b"})
    )
    for purpose in ("push", "pull", "source"):
        words = f"set {purpose} secret of buildconfig pushes to quay"
        code, said = desk("run", words, "-n", dev, "--model", "playbook")
        assert code == DONE, said

    spec = diagnosed().get("buildconfigs.build.openshift.io", "pushes", dev)["spec"]
    assert spec["output"]["pushSecret"] == spec["source"]["sourceSecret"] == {"name": "quay"}
    assert spec["strategy"] == {"dockerStrategy": {"pullSecret": {"name": "quay"}}}
