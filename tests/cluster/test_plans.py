"""A plan of three steps with twelve objects in a namespace that it makes itself, on the real cluster."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.journal.journal import Entry
from agent.session.context import Desk
from agent.session.rollback import undo_tool
from agent.session.run import drive
from agent.workspace.history import init_repository
from tests.agent.session_bench import Bench, Scripted, Watcher, finish, use
from tests.cluster.conftest import KUBECONFIG, kubectl
from tools.changes.build import apply_change, create_change, patch_change
from tools.changes.plan import Change, Check, Plan, Step
from tools.cluster.client import Cluster, HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import Conflict, NotFound
from tools.cluster.resources import ObjectRef
from tools.frame import Namespace, Result, Tool, ToolContext
from tools.json import Json
from tools.risk import Risk

pytestmark = pytest.mark.cluster


def make_space(context: ToolContext, *, namespace: Namespace, cpu: str = "4") -> Plan:
    """Make a namespace with its guardrails, and what runs in it."""
    steps = (
        ("make the namespace and its guardrails", [_namespace(namespace), *_guardrails(namespace, cpu)]),
        ("give access", _access(namespace)),
        ("configure the application", _configuration(namespace)),
    )
    check = Check("holds", {"namespace": namespace})
    return Plan(
        f"make the space {namespace}",
        tuple(
            Step(title, tuple(_applied(context.cluster, each) for each in made), (check,)) for title, made in steps
        ),
        subjects=(ObjectRef("v1", "Namespace", None, namespace),),
        environments={namespace: "dev"},
    )


def make_pair(context: ToolContext, *, namespace: Namespace) -> Plan:
    """Make ConfigMap made where it is missing, and patch ConfigMap there."""
    made = _object("v1", "ConfigMap", namespace, "made", data={"a": "1"})
    there = ObjectRef("v1", "ConfigMap", namespace, "there")
    live = context.cluster.read(there)
    patched = patch_change("configmaps", live, {"data": {"b": "2"}})
    try:
        context.cluster.read(ObjectRef("v1", "ConfigMap", namespace, "made"))
        missing: list[Change] = []
    except NotFound:
        missing = [create_change("configmaps", made)]
    return Plan("make a pair", (Step("make a pair", (*missing, patched)),), environments={namespace: "dev"})


def holds(context: ToolContext, *, namespace: Namespace) -> Result:
    """Whether the namespace is there."""
    return Result(f"{namespace} is there", ok=bool(context.cluster.get("namespace", namespace, None)))


def _applied(cluster: Cluster, body: Json) -> Change:
    metadata = body["metadata"]
    ref = ObjectRef(body["apiVersion"], body["kind"], metadata.get("namespace"), metadata["name"])
    try:
        live: Json | None = cluster.read(ref)
    except NotFound:
        live = None
    return apply_change(f"{ref.kind.lower().removesuffix('y')}{'ies' if ref.kind[-1] == 'y' else 's'}", body, live)


def _object(api_version: str, kind: str, namespace: str, name: str, **rest: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"namespace": namespace, "name": name}, **rest}


def _namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"environment": "dev"}}}


def _guardrails(namespace: str, cpu: str) -> list[Json]:
    policies = "networking.k8s.io/v1"
    bounds = {"type": "Container", "default": {"cpu": "200m"}, "max": {"cpu": "2"}}
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    dns = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"protocol": "UDP", "port": 53}]}]}
    return [
        _object("v1", "ResourceQuota", namespace, "quota", spec={"hard": {"requests.cpu": cpu, "pods": "50"}}),
        _object("v1", "LimitRange", namespace, "limits", spec={"limits": [bounds]}),
        _object(policies, "NetworkPolicy", namespace, "default-deny", spec=deny),
        _object(policies, "NetworkPolicy", namespace, "allow-dns", spec=dns),
    ]


def _access(namespace: str) -> list[Json]:
    rbac = "rbac.authorization.k8s.io"
    role = {"apiGroup": rbac, "kind": "ClusterRole", "name": "edit"}
    subjects = [{"apiGroup": rbac, "kind": "User", "name": "ann@example.com"}]
    return [
        _object("v1", "ServiceAccount", namespace, "ci"),
        _object(f"{rbac}/v1", "RoleBinding", namespace, "ann", roleRef=role, subjects=subjects),
    ]


def _configuration(namespace: str) -> list[Json]:
    return [_object("v1", "ConfigMap", namespace, f"settings-{n}", data={"LEVEL": "info"}) for n in range(5)]


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Counting:
    """A cluster that counts what takes effect, and dies behind an effect when it is told to."""

    real: HttpCluster
    effects: Counter[ObjectRef] = field(default_factory=Counter)
    dies: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def apply(self, target: ObjectRef, body: Json, *, force: bool = False, dry_run: bool = False) -> Json:
        after = self.real.apply(target, body, force=force, dry_run=dry_run)
        if not dry_run:
            self.effects[target] += 1
            if self.dies:
                self.dies = False
                raise Killed
        return after


class ClusterBench(Bench):
    """Sessions on the real cluster."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.counting = Counting(connect(Where(KUBECONFIG)))
        self.other = self.counting.real

    def _desk(self, model: Any, view: Any, watcher: Watcher) -> Desk:
        desk = super()._desk(model, view, watcher)
        tools = (Tool(make_space, Risk.PROVISION), Tool(make_pair, Risk.CHANGE), Tool(holds, Risk.READ))
        desk.tools = {tool.name: tool for tool in tools}
        return desk

    def client(self, sandbox: Any) -> HttpCluster:
        return self.counting  # type: ignore[return-value]


ClusterBench._sandbox = None  # type: ignore[assignment]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterBench:
    for name, value in {"NAME": "Kim", "EMAIL": "kim@example.com"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    root = tmp_path / "workspace"
    init_repository(root)
    return ClusterBench(root)


@pytest.fixture
def namespace() -> Iterator[str]:
    name = f"desk-plan-{secrets.token_hex(3)}"
    yield name
    kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def asked(bench: ClusterBench, namespace: str, **arguments: str) -> Desk:
    given = {"namespace": namespace, **arguments}
    model = Scripted([use("make_space", **given)], finish())
    call = {"tool": "make_space", "arguments": given}
    return bench.begin(model, f"make {namespace}", namespace=namespace, sandbox=False, call=call)


def commits(bench: ClusterBench) -> list[str]:
    return bench.git("log", "--reverse", "--grep=^Changes:", "--format=%H").split()


def test_three_steps_are_made_each_with_its_commit_once_and_undone(bench: ClusterBench, namespace: str) -> None:
    desk = asked(bench, namespace)
    assert drive(desk) == 0, desk.view.results
    assert [done.title for _, done in desk.view.subtasks] == [
        "make the namespace and its guardrails", "give access", "configure the application",
    ]  # fmt: skip
    made = commits(bench)
    assert len(made) == 3
    assert len(bench.counting.effects) == 12
    assert set(bench.counting.effects.values()) == {1}
    hard = bench.other.get("quota", "quota", namespace)["spec"]["hard"]
    assert hard == {"requests.cpu": "4", "pods": "50"}

    plan = make_space(desk.context(), namespace=namespace)
    previews = [desk.driver(change).preview(change, plan, ()) for change in plan.changes]
    assert all(preview.same for preview in previews)

    undo = undo_tool(desk.history, desk.journal, sandbox=False)
    for sha in reversed(made):
        taken_back = undo(desk.context(), {"commit": sha})
        assert isinstance(taken_back, Plan)
        assert {change.verb for change in taken_back.changes} == {"delete"}


def test_of_a_plan_that_is_made_anew_what_was_made_before_counts(bench: ClusterBench, namespace: str) -> None:
    """What is to be patched is touched when the first change is made: planned anew, only the patch is left."""
    kubectl("create", "namespace", namespace)
    kubectl("label", "namespace", namespace, "environment=dev")
    kubectl("create", "configmap", "there", "-n", namespace)
    given = {"namespace": namespace}
    call = {"tool": "make_pair", "arguments": given}

    def touch(entry: Entry) -> None:
        if entry.type == "tool_receipt" and entry.body["outcome"] == "applied" and not kubectl(*labels).strip():
            kubectl("label", "configmap", "there", "-n", namespace, "touched=yes")

    labels = ("get", "configmap", "there", "-n", namespace, "-o", "jsonpath={.metadata.labels}")
    desk = bench.begin(
        Scripted([use("make_pair", **given)], finish()),
        f"make a pair in {namespace}",
        watcher=Watcher(on_entry=touch), namespace=namespace, sandbox=False, call=call,
    )  # fmt: skip
    assert drive(desk) == 0, desk.view.results
    outcomes = [each.body["outcome"] for each in desk.journal.entries(desk.view.id, ("tool_receipt",))]
    assert outcomes == ["applied", "stale", "applied"]
    assert bench.other.get("configmap", "made", namespace)["data"] == {"a": "1"}
    there = bench.other.get("configmap", "there", namespace)
    assert (there["data"], there["metadata"]["labels"]) == ({"b": "2"}, {"touched": "yes"})


def test_killed_at_every_event_and_behind_effects_it_makes_everything_once(
    bench: ClusterBench, namespace: str
) -> None:
    desk = asked(bench, namespace)
    lives = 0
    while True:
        lives += 1
        assert lives < 200, "it makes no progress"
        bench.counting.dies = lives % 4 == 0
        left = iter(range(lives % 3 + 1))
        desk.journal.observe(_dies_after(left))
        try:
            assert drive(desk) == 0
            break
        except Killed:
            desk = bench.resume(desk, Scripted([use("make_space", namespace=namespace)], finish()))
    assert set(bench.counting.effects.values()) == {1}
    assert len(bench.counting.effects) == 12
    assert len(commits(bench)) == 3
    assert desk.journal.verify()


def _dies_after(left: Iterator[int]) -> Callable[[Any], None]:
    def observe(_entry: Any) -> None:
        if next(left, None) is None:
            raise Killed

    return observe


def test_what_somebody_else_has_set_is_asked_as_taking_over(bench: ClusterBench, namespace: str) -> None:
    assert drive(asked(bench, namespace)) == 0
    patch = '{"spec":{"hard":{"requests.cpu":"9"}}}'
    kubectl("patch", "quota", "quota", "-n", namespace, "--field-manager=somebody", "-p", patch)
    desk = asked_again(bench, namespace)
    assert drive(desk) == 3
    (row,) = desk.view.approvals.values()
    assert [target["name"] for target in row.targets if target["kind"] == "ResourceQuota"] == ["quota"]
    gated = next(iter(desk.view.gated.values()))
    assert 'spec.hard.requests.cpu is "9" by somebody, and would be "4"' in gated.reason
    with pytest.raises(Conflict):
        bench.other.apply(ObjectRef("v1", "ResourceQuota", namespace, "quota"), _guardrails(namespace, "4")[0])


def asked_again(bench: ClusterBench, namespace: str) -> Desk:
    (bench.root / ".desk").rename(bench.root / ".desk-before")
    return asked(bench, namespace)
