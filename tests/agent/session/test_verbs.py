"""What is deleted, made again and rendered goes the same way as what is patched: asked, recorded, undone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from agent.journal import approvals
from agent.journal.journal import Entry
from agent.model.port import ToolUse
from agent.redaction import MARK
from agent.session.context import Desk
from agent.session.rollback import undo_tool
from agent.session.run import drive
from tests.agent.session_bench import SESSION, Bench, Scripted, finish, use
from tools.changes.build import reference
from tools.changes.plan import Plan
from tools.cluster.client import HttpCluster
from tools.cluster.errors import Conflict, NotFound
from tools.cluster.resources import ObjectRef
from tools.kubernetes.saved_logs import POD_LOGS

Told = TypeVar("Told")

DELETE = use("delete", namespace="shop-dev", kind="deployment", name="checkout")
SAVE = use("save_manifest", namespace="shop-dev", kind="deployment", name="checkout")
SAVED = "manifests/shop-dev/deployment-checkout.yaml"
TASK = "delete deployment checkout in shop-dev"


def approved(bench: Bench, desk: Desk, model: Scripted) -> Desk:
    (row,) = desk.view.approvals
    approvals.decide(desk.journal, row, "approved", "carol", "", datetime.now(UTC))
    return bench.resume(desk, model)


def first(told: dict[tuple[str, str], Told]) -> Told:
    """The intent or receipt of a plan's first change."""
    return next(iter(told.values()))


def gone(bench: Bench) -> bool:
    try:
        bench.checkout()
    except NotFound:
        return True
    return False


def test_a_deletion_asks_is_made_once_and_is_undone_by_making_it_again(bench: Bench) -> None:
    before = bench.checkout()
    model = Scripted([DELETE], finish())
    desk = bench.begin(model, TASK)
    assert drive(desk) == 3
    (asked,) = desk.view.approvals.values()
    assert (asked.risk, asked.priority) == ("delete", "HIGH")
    assert "-kind: Deployment" in asked.diff
    assert not gone(bench)

    desk = approved(bench, desk, model)
    assert drive(desk) == 0
    assert gone(bench)
    (receipt,) = desk.view.receipts.values()
    assert (receipt.outcome, receipt.text) == ("applied", "deleted Deployment checkout in shop-dev")
    (sha,) = [sha for key, sha in desk.view.commits.items() if key.startswith("01-delete")]
    applied = yaml.safe_load(
        desk.history.read_file(sha, f"working/changes/{SESSION}/01-delete-checkout/applied.yaml")
    )
    assert applied == [{"target": applied[0]["target"], "verb": "delete"}]

    plan = undo_tool(desk.history, desk.journal, sandbox=True)(desk.context(), {"commit": sha})
    assert isinstance(plan, Plan)
    (change,) = plan.changes
    assert change.verb == "create"
    bench.other.create(change.target, change.body)
    assert bench.checkout()["spec"]["template"]["spec"] == before["spec"]["template"]["spec"]


@pytest.mark.parametrize("happened", [True, False])
def test_a_deletion_whose_receipt_is_missing_is_looked_up(bench: Bench, happened: bool) -> None:
    model = Scripted([DELETE], finish())
    desk = bench.begin(model, TASK)
    drive(desk)
    desk = approved(bench, desk, model)

    class Killed(BaseException):
        pass

    def kill(entry_type: str) -> None:
        if entry_type == "tool_intent":
            raise Killed

    desk.journal.observe(lambda entry: kill(entry.type))
    with pytest.raises(Killed):
        drive(desk)
    intent = first(desk.view.intents)
    if happened:
        live = bench.checkout()["metadata"]
        bench.other.delete(
            ObjectRef(**intent.change["target"]), uid=live["uid"], resource_version=live["resourceVersion"]
        )
    desk = bench.resume(desk, model)
    assert drive(desk) == 0
    assert gone(bench)
    assert first(desk.view.receipts).outcome == ("reconciled" if happened else "applied")
    assert list(desk.view.commits).count("01-delete-checkout") == 1


def test_a_guardrail_is_not_deleted(bench: Bench) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop-dev"}}
    bench.other.create(reference(quota), quota)
    desk = bench.begin(Scripted([use("delete", namespace="shop-dev", kind="quota", name="q")], finish()), TASK)
    assert drive(desk) == 5
    assert bench.other.get("quota", "q", "shop-dev")
    assert "guardrails are Atlas's" in desk.view.results["call_0_0"].text


def test_a_cluster_scoped_object_is_atlas_s(bench: Bench) -> None:
    (node,) = bench.other.list("nodes", None)
    name = node["metadata"]["name"]
    desk = bench.begin(Scripted([use("delete", kind="node", name=name)], finish()), TASK)
    assert drive(desk) == 5
    assert "ask Atlas" in desk.view.results["call_0_0"].text
    assert bench.other.get("node", name, None)


def test_the_deletion_of_a_namespace_is_always_asked(bench: Bench) -> None:
    desk = bench.begin(Scripted([use("delete", kind="namespace", name="shop-dev")], finish()), TASK)
    assert drive(desk) == 3
    (asked,) = desk.view.approvals.values()
    assert (asked.risk, asked.environment) == ("delete", "dev")
    assert bench.other.get("namespace", "shop-dev", None)


def test_a_manifest_is_rendered_committed_and_applies_again(bench: Bench) -> None:
    desk = bench.begin(Scripted([SAVE], finish()), "save the manifest of checkout")
    assert drive(desk) == 0
    saved = yaml.safe_load((bench.root / SAVED).read_text())
    assert saved["spec"] == bench.checkout()["spec"]
    assert not {"status", "uid", "resourceVersion"} & {*saved, *saved["metadata"]}
    assert bench.git("status", "--porcelain") == ""
    (sha,) = [sha for key, sha in desk.view.commits.items() if key == "01-save-manifest-deployment-checkout"]
    assert SAVED in bench.git("show", "--stat", "--format=", sha)
    assert desk.history.trailers(sha)["Changes"].endswith("/01-save-manifest-deployment-checkout")


def test_a_rendering_killed_before_its_commit_is_committed_once(bench: Bench) -> None:
    class Killed(BaseException):
        pass

    model = Scripted([SAVE], finish())
    desk = bench.begin(model, "save the manifest of checkout")

    def kill(entry_type: str) -> None:
        if entry_type == "tool_intent":
            raise Killed

    desk.journal.observe(lambda entry: kill(entry.type))
    with pytest.raises(Killed):
        drive(desk)
    assert not (bench.root / SAVED).exists()
    desk = bench.resume(desk, model)
    assert drive(desk) == 0
    assert bench.git("log", "--format=%s", "--", SAVED).count("save the manifest") == 1


def test_somebody_s_work_is_not_overwritten_unasked(bench: Bench) -> None:
    file = bench.root / SAVED
    file.parent.mkdir(parents=True)
    file.write_text("mine: true\n")
    desk = bench.begin(Scripted([SAVE], finish("failed")), "save the manifest of checkout")
    assert drive(desk) == 3
    assert file.read_text() == "mine: true\n"
    (asked,) = desk.view.approvals.values()
    assert (asked.risk, asked.environment) == ("render", "dev")
    assert "-mine: true\n+apiVersion: apps/v1\n" in asked.diff


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_is_rendered_when_nothing_may_be_written(bench: Bench, dry_run: bool) -> None:
    model = Scripted([SAVE], finish())
    desk = bench.begin(model, "save the manifest of checkout", dry_run=dry_run, read_only=not dry_run)
    assert drive(desk) == 0
    assert not (bench.root / SAVED).exists()


def test_a_secret_is_never_saved(bench: Bench) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop-dev"}}
    bench.other.create(reference(secret), secret)
    desk = bench.begin(Scripted([use("save_manifest", namespace="shop-dev", kind="secret", name="s")], finish()))
    drive(desk)
    assert "must not get into git" in desk.view.results["call_0_0"].text


RESTART = use("restart", namespace="shop-dev", name="checkout")
LIMIT = use("set_resources", namespace="shop-dev", name="checkout", memory_limit="64Mi")


@pytest.mark.parametrize("landing", ["call_gated", "tool_receipt"])
@pytest.mark.parametrize("call", [LIMIT, RESTART, DELETE], ids=lambda call: call.name)
def test_what_a_killed_process_sent_and_arrives_late_is_its_own(bench: Bench, call: ToolUse, landing: str) -> None:
    class Killed(BaseException):
        pass

    model = Scripted([call], finish())
    desk = bench.begin(model, TASK if call.name == "delete" else "fix checkout and restart checkout")
    if call.name == "delete":
        drive(desk)
        desk = approved(bench, desk, model)

    def kill(entry: Entry) -> None:
        if entry.type == "tool_intent":
            raise Killed

    desk.journal.observe(kill)
    with pytest.raises(Killed):
        drive(desk)
    sent = first(desk.view.intents).change

    desk = bench.resume(desk, model)
    arrivals: list[Entry] = []

    def arrive(entry: Entry) -> None:
        if entry.type == landing and not arrivals:
            arrivals.append(entry)
            send(bench, sent)

    desk.journal.observe(arrive)
    assert drive(desk) == 0
    assert len(arrivals) == 1
    (receipt,) = desk.view.receipts.values()
    assert receipt.outcome in ("reconciled", "applied")
    assert len([key for key in desk.view.commits if key.startswith("01-")]) == 1
    outcomes = [entry.body["outcome"] for entry in desk.journal.entries() if entry.type == "tool_receipt"]
    assert outcomes[0] == "absent"


def send(bench: Bench, change: dict[str, Any]) -> None:
    """The request of the process that is dead by now, with its precondition; too late, it is refused."""
    target = ObjectRef(**change["target"])
    try:
        if change["verb"] == "delete":
            bench.other.delete(target, uid=change["uid"], resource_version=change["resource_version"])
        else:
            metadata = {"resourceVersion": change["resource_version"]}
            bench.other.patch(target, {**change["body"], "metadata": metadata})
    except (Conflict, NotFound):
        return


def test_killed_many_times_before_its_effect_it_is_made_all_the_same(bench: Bench) -> None:
    class Killed(BaseException):
        pass

    model = Scripted([LIMIT], finish())
    desk = bench.begin(model)
    for _ in range(5):

        def kill(entry: Entry) -> None:
            if entry.type == "tool_intent":
                raise Killed

        desk.journal.observe(kill)
        with pytest.raises(Killed):
            drive(desk)
        desk = bench.resume(desk, model)
    assert drive(desk) == 0
    assert bench.memory() == "64Mi"


# --- logs that are saved ---------------------------------------------------------------------------------


def save_logs(**given: Any) -> ToolUse:
    return use("save_logs", namespace="shop-dev", pod="checkout", **given)


def saved_logs(bench: Bench) -> list[Path]:
    return sorted((bench.root / POD_LOGS / "shop-dev").glob("*.log"))


def test_a_log_is_saved_and_committed(bench: Bench) -> None:
    desk = bench.begin(Scripted([save_logs(previous=True)], finish()), "save the logs of checkout")
    assert drive(desk) == 0
    (file,) = saved_logs(bench)
    assert re.fullmatch(r"checkout-\w+-\w+-app-previous\.log", file.name)
    pod = file.name.removesuffix("-app-previous.log")
    assert file.read_text() == bench.other.logs("shop-dev", pod, previous=True)
    assert desk.view.results["call_0_0"].text.startswith(f"Done: save 2 lines of the log of {pod}/app in shop-dev")
    assert bench.git("status", "--porcelain") == ""


def test_the_secrets_of_a_log_stay_out_of_its_file_whatever_its_name_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "starting\nDB_PASSWORD=geheim-1234\nlistening on 8080\n"
    monkeypatch.setattr(HttpCluster, "logs", lambda *_, **__: said)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "auth-token", "namespace": "shop-dev"}}
    bench.other.create(reference(pod), {**pod, "spec": {"containers": [{"name": "app", "image": "a:1"}]}})
    call = use("save_logs", namespace="shop-dev", pod="auth-token")
    drive(bench.begin(Scripted([call], finish()), "save the logs of auth-token"))
    assert (bench.root / POD_LOGS / "shop-dev/auth-token-app.log").read_text() == said.replace("geheim-1234", MARK)


def test_an_empty_log_is_not_saved(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpCluster, "logs", lambda *_, **__: "")
    desk = bench.begin(Scripted([save_logs()], finish("failed")), "save the logs of checkout")
    drive(desk)
    assert "is empty: there is nothing to save" in desk.view.results["call_0_0"].text
    assert saved_logs(bench) == []
