"""Plans as data, what an approval of one is bound to, and which class of risk a change has by what it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.gate.policy import Environment, environment_of
from tools.changes import merge_patch, strategic
from tools.changes.build import apply_change, create_change, patch_change
from tools.changes.guardrails import loosened, may_be_given, risk_of
from tools.changes.patches import format_of
from tools.changes.plan import Change, Plan, Step, Takeover, Verb, id_of, plan_from
from tools.cluster.resources import ObjectRef
from tools.frame import Namespace, Result, Tool, ToolContext
from tools.json import Json
from tools.risk import Risk


def config(name: str = "web", **data: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop", "uid": "u1", "resourceVersion": "7"},
        "data": data,
    }


def patched(value: str = "debug", **change: Any) -> Change:
    return replace(patch_change("configmaps", config(LEVEL="info"), {"data": {"LEVEL": value}}), **change)


# --- digest and ids --------------------------------------------------------------------------------------


def test_a_plan_without_changes_has_no_steps() -> None:
    assert Plan.of("nothing to do").steps == ()
    assert Plan.of("nothing to do").changes == ()


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (patched(), True),
        (patched(resource_version="8"), True),
        (patched(value="trace"), False),
        (patched(version="somebody changed it"), False),
        (patched(uid="another object"), False),
        (patched(takes_over=(Takeover("kubectl", "data.LEVEL", '"info"', '"debug"'),)), False),
    ],
)
def test_a_digest_holds_bodies_and_versions(other: Change, same: bool) -> None:
    digests = {Plan.of("s", change).digest("set", ["cluster"]) for change in (patched(), other)}
    assert len(digests) == (1 if same else 2)


def test_a_digest_tells_clusters_apart_and_leaves_out_what_is_volatile() -> None:
    plan = Plan.of("s", patched())
    assert plan.digest("set", ["one"]) != plan.digest("set", ["two"])
    restarts = [patched(value=now, volatile=(("data", "LEVEL"),)) for now in ("12:00", "12:01")]
    assert Plan.of("s", restarts[0]).digest("restart") == Plan.of("s", restarts[1]).digest("restart")


def test_an_id_outlives_planning_anew_and_is_unique_in_a_plan() -> None:
    assert patched().id == patched(value="trace", version="v2", uid="u2").id
    with pytest.raises(ValueError, match="this has more of"):
        Plan.of("s", patched(), patched())
    assert len({change.id for change in Plan.of("s", patched(), patched(part=1)).changes}) == 2


def test_a_plan_comes_back_from_its_json() -> None:
    from dataclasses import asdict

    new = create_change("configmaps", config("new"))
    plan = Plan("s", (Step("a", (patched(),)), Step("b", (new,))), environments={"shop": "dev"})
    again = plan_from(asdict(plan))
    assert again == plan
    assert [id_of(asdict(change)) for change in again.changes] == [change.id for change in plan.changes]


# --- patches ---------------------------------------------------------------------------------------------

TCP, UDP = {"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}


def test_ports_that_one_key_cannot_tell_apart_are_replaced_whole() -> None:
    patch = strategic.difference({"ports": [TCP, UDP]}, {"ports": [TCP]})
    assert patch == {"ports": [{"$patch": "replace"}, TCP]}
    assert strategic.contains({"ports": [TCP]}, patch)
    assert not strategic.contains({"ports": [TCP, UDP]}, patch)
    assert strategic.inverse(patch, {"ports": [TCP, UDP]}) == {"ports": [{"$patch": "replace"}, TCP, UDP]}


def test_devices_of_volumes_are_joined_by_their_path() -> None:
    before = {"volumeDevices": [{"devicePath": "/dev/a", "name": "a"}]}
    after = {"volumeDevices": [{"devicePath": "/dev/a", "name": "b"}]}
    assert strategic.difference(before, after) == {"volumeDevices": [{"name": "b", "devicePath": "/dev/a"}]}


@pytest.mark.parametrize(
    ("api_version", "expected"),
    [
        ("v1", "strategic"), ("apps/v1", "strategic"), ("rbac.authorization.k8s.io/v1", "strategic"),
        ("argoproj.io/v1alpha1", "merge"), ("tekton.dev/v1", "merge"), ("gateway.networking.k8s.io/v1", "merge"),
        ("serving.knative.dev/v1", "merge"),
    ],
)  # fmt: skip
def test_only_built_in_kinds_take_strategic_patches(api_version: str, expected: str) -> None:
    assert format_of(ObjectRef(api_version, "Service", "a", "b")) == expected


def test_a_merge_patch_is_undone_and_makes_what_is_wanted() -> None:
    before = {"spec": {"a": 1, "list": [1, 2], "gone": True}}
    after = {"spec": {"a": 2, "list": [1], "new": {"b": None}}}
    patch = merge_patch.difference(before, after)
    assert patch == {"spec": {"gone": None, "a": 2, "list": [1], "new": {"b": None}}}
    assert merge_patch.inverse({"spec": {"a": 2, "new": 1}}, before) == {"spec": {"a": 1, "new": None}}
    assert merge_patch.contains(after, {"spec": {"a": 2, "gone": None}})
    assert not merge_patch.contains(before, {"spec": {"gone": None}})


# --- risk ------------------------------------------------------------------------------------------------


def change_of(verb: Verb, kind: str, namespace: str | None, body: Json | None = None, api: str = "v1") -> Change:
    return Change(ObjectRef(api, kind, namespace, "x"), "", body or {}, {}, "", "", "", verb)


RBAC = "rbac.authorization.k8s.io"


def binding(role: str, *subjects: tuple[str, str], kind: str = "ClusterRole") -> Json:
    named = [{"kind": subject_kind, "name": name} for subject_kind, name in subjects]
    return {"roleRef": {"apiGroup": RBAC, "kind": kind, "name": role}, "subjects": named}


@pytest.mark.parametrize(
    ("body", "may"),
    [
        (binding("edit", ("User", "ann@example.com")), True),
        (binding("view", ("Group", "oidc:team")), True),
        (binding("own", ("ServiceAccount", "ci"), kind="Role"), True),
        (binding("cluster-admin", ("User", "ann")), False),
        (binding("admin", ("User", "ann")), False),
        (binding("edit", ("Group", "system:authenticated")), False),
        (binding("edit", ("User", "system:admin")), False),
        ({**binding("edit"), "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "other"}]}, False),
    ],
)
def test_what_a_binding_may_give(body: Json, may: bool) -> None:
    assert may_be_given(body, "shop") is may
    change = change_of("apply", "RoleBinding", "shop", body, f"{RBAC}/v1")
    assert risk_of(change, Risk.PROVISION) is (Risk.PROVISION if may else Risk.CLUSTER)


@pytest.mark.parametrize(
    ("role", "subjects", "risk"),
    [
        ("admin", [("User", "ann"), ("User", "eve")], Risk.CLUSTER),
        ("admin", [("User", "eve")], Risk.CLUSTER),
        ("admin", [], Risk.PROVISION),
        ("edit", [("User", "ann"), ("User", "eve")], Risk.PROVISION),
        ("edit", [("User", "ann"), ("Group", "system:authenticated")], Risk.CLUSTER),
    ],
)
def test_a_patch_of_a_binding_gives_what_it_adds_in_the_role_that_is_there(
    role: str, subjects: list[tuple[str, str]], risk: Risk
) -> None:
    live: Json = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": {"name": "x", "namespace": "shop"}}
    live |= binding(role, ("User", "ann"), ("User", "bob"))
    change = patch_change("rolebindings", live, {"subjects": binding(role, *subjects)["subjects"]})
    assert risk_of(change, Risk.PROVISION, before=live) is risk


def test_who_is_in_a_binding_may_stay_in_it_when_somebody_else_is_taken_out() -> None:
    live: Json = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": {"name": "x", "namespace": "shop"}}
    live |= binding("admin", ("User", "ann"), ("Group", "system:masters"))
    change = patch_change("rolebindings", live, {"subjects": live["subjects"][1:]})
    assert risk_of(change, Risk.CHANGE) is risk_of(change, Risk.CHANGE, before=live) is Risk.CHANGE


@pytest.mark.parametrize(
    ("change", "asked", "risk"),
    [
        (change_of("apply", "Namespace", None), Risk.PROVISION, Risk.PROVISION),
        (change_of("apply", "Namespace", None), Risk.CHANGE, Risk.CLUSTER),
        (change_of("delete", "Namespace", None), Risk.DELETE, Risk.DELETE),
        (change_of("apply", "ClusterRole", None, api=f"{RBAC}/v1"), Risk.PROVISION, Risk.CLUSTER),
        (change_of("delete", "ResourceQuota", "shop"), Risk.DELETE, Risk.CLUSTER),
        (change_of("delete", "ResourceQuota", "shop"), Risk.PROVISION, Risk.DELETE),
        (change_of("apply", "Secret", "shop"), Risk.PROVISION, Risk.SECRET),
    ],
)
def test_a_class_follows_from_what_is_done(change: Change, asked: Risk, risk: Risk) -> None:
    assert risk_of(change, asked) is risk


def test_loosening_is_no_provisioning_by_the_way() -> None:
    change = change_of("apply", "ResourceQuota", "shop")
    assert risk_of(change, Risk.PROVISION, "hard pods 5 -> 50") is Risk.DELETE
    assert risk_of(change, Risk.CHANGE, "hard pods 5 -> 50") is Risk.CLUSTER


def test_an_applications_own_network_policy_is_asked_about_where_another_is_denied() -> None:
    own = {"spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "x"}}}}
    change = change_of("apply", "NetworkPolicy", "shop", own)
    loosens = "what NetworkPolicy x lets through"
    assert (change.target.name, risk_of(change, Risk.CHANGE, loosens)) == ("x", Risk.DELETE)
    was_everybodys = replace(change, undo={"spec": {"podSelector": {"matchLabels": None}}})
    assert risk_of(was_everybodys, Risk.CHANGE, loosens) is Risk.CLUSTER
    for selector in ({}, {"matchLabels": {"app.kubernetes.io/name": "y"}}):
        other = replace(change, body={"spec": {"podSelector": selector}})
        assert risk_of(other, Risk.CHANGE, loosens) is Risk.CLUSTER


def guardrail(kind: str, labels: Json | None = None, **spec: Any) -> Json:
    return {"kind": kind, "metadata": {"name": "x", "labels": labels or {}}, "spec": spec}


LEVEL = "pod-security.kubernetes.io/enforce"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (guardrail("ResourceQuota", hard={"cpu": "4"}), guardrail("ResourceQuota", hard={"cpu": "3500m"}), ""),
        (
            guardrail("ResourceQuota", hard={"cpu": "4"}),
            guardrail("ResourceQuota", hard={"cpu": "4001m"}),
            "hard cpu 4 -> 4001m",
        ),
        (guardrail("ResourceQuota", hard={"cpu": "4"}), guardrail("ResourceQuota", hard={}), "hard cpu 4 -> none"),
        (guardrail("Namespace", {LEVEL: "restricted"}), guardrail("Namespace", {LEVEL: "baseline"}), LEVEL),
        (guardrail("Namespace", {LEVEL: "baseline"}), guardrail("Namespace", {LEVEL: "restricted"}), ""),
        (guardrail("Namespace", {"environment": "prod"}), guardrail("Namespace", {}), "environment prod -> none"),
        (guardrail("NetworkPolicy", ingress=[]), guardrail("NetworkPolicy", ingress=[{}]), "lets through"),
        (
            guardrail("LimitRange", limits=[{"type": "Container", "max": {"cpu": "2"}}]),
            guardrail("LimitRange", limits=[{"type": "Container", "max": {"cpu": "4"}}]),
            "Container max cpu 2 -> 4",
        ),
        (
            guardrail("LimitRange", limits=[{"type": "Container", "min": {"cpu": "50m"}}]),
            guardrail("LimitRange", limits=[{"type": "Container"}]),
            "min",
        ),
        ({}, guardrail("ResourceQuota", hard={"cpu": "4"}), ""),
    ],
)  # fmt: skip
def test_what_makes_a_guardrail_less_strict(before: Json, after: Json, said: str) -> None:
    told = loosened(before, after)
    assert said in told
    assert bool(told) == bool(said)


@pytest.mark.parametrize(
    ("labels", "place", "planned", "environment"),
    [
        ({"environment": "dev"}, "payments-prod", "", Environment.DEV),
        ({}, "payments-dev", "", Environment.PROD),
        ({}, "payments-dev", "dev", Environment.DEV),
        ({}, "payments-prod", "dev", Environment.PROD),
        ({}, "dr-products-dev", "dev", Environment.DEV),
        ({}, "dr-latest-dev", "dev", Environment.DEV),
        (None, "", "", Environment.PROD),
    ],
)
def test_the_environment_of_a_namespace(
    labels: Json | None, place: str, planned: str, environment: Environment
) -> None:
    assert environment_of(labels, place, planned) is environment


# --- scope, and what is applied --------------------------------------------------------------------------


def spread(
    context: ToolContext, *, targets: list[Namespace], home: Namespace | None = None, name: str = ""
) -> Result:
    """A tool that acts in several namespaces."""
    return Result("done")


def test_scope_goes_by_the_type_of_an_argument_not_by_its_name() -> None:
    tool = Tool(spread, Risk.READ)
    assert tool.namespaces({"targets": ["a", "b"], "home": "c", "name": "d"}) == ["a", "b", "c"]
    assert tool.namespaces({"targets": [], "home": None}) == []


def test_what_is_applied_over_an_object_is_put_back_and_what_is_new_is_deleted() -> None:
    live = config(LEVEL="info", KEPT="1")
    over = apply_change("configmaps", config(LEVEL="debug"), live)
    assert over.undo["data"] == {"LEVEL": "info"}
    assert (over.uid, over.verb) == ("u1", "apply")
    assert apply_change("configmaps", config(LEVEL="debug"), None).undo == {}
