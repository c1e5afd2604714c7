"""What a sync would change, and whose an Application is: what the gate judges."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from tests.tools.delivery.argo_cd_chains import application, out_of_sync
from tests.tools.delivery.chains import TARGET
from tools.changes.build import patch_change
from tools.changes.guardrails import risk_of
from tools.changes.plan import Plan, plan_from
from tools.cluster.resources import ObjectRef
from tools.delivery.effects import effects, refuse_anothers, was_compared_as_it_is
from tools.delivery.facts.application import Application
from tools.errors import Refused
from tools.json import Json
from tools.risk import Risk

OWN = {"team": "shop"}


def synced(*resources: Json, spec: Json | None = None) -> Application:
    return Application(out_of_sync("checkout", spec, {"resources": [*resources]}))


def test_what_differs_and_what_lies_elsewhere_is_an_effect() -> None:
    app = synced(
        {"kind": "Deployment", "name": "a", "namespace": TARGET, "status": "OutOfSync"},
        {"kind": "Service", "name": "same", "namespace": TARGET, "status": "Synced"},
        {"kind": "Service", "name": "b", "namespace": "shop-prod", "status": "Synced"},
        {"kind": "Job", "name": "c", "namespace": TARGET, "hook": True},
        {"kind": "Secret", "name": "d", "namespace": TARGET, "status": "OutOfSync", "requiresPruning": True},
        {"kind": "ClusterRole", "name": "e", "status": "Synced"},
    )

    assert [(each.kind, each.namespace) for each in effects(app)] == [
        ("Application", TARGET),
        ("Deployment", TARGET),
        ("Service", "shop-prod"),
        ("Job", TARGET),
        ("ClusterRole", None),
    ]


@pytest.mark.parametrize("resources", [None, [], [{}], [{"kind": None, "name": None}]])
def test_a_status_of_nonsense_widens_nothing(resources: list[Json] | None) -> None:
    app = Application(out_of_sync("checkout", None, {"resources": resources}))
    found = effects(app)

    assert found[0] == ObjectRef("argoproj.io/v1alpha1", "Application", TARGET, "checkout")
    assert all(each.namespace is None for each in found[1:])  # which is Atlas's


@pytest.mark.parametrize(
    ("kind", "namespace", "risk"),
    [
        ("Deployment", TARGET, Risk.CHANGE),
        ("Secret", TARGET, Risk.SECRET),
        ("Role", TARGET, Risk.DELETE),
        ("NetworkPolicy", TARGET, Risk.DELETE),
        ("RoleBinding", TARGET, Risk.CLUSTER),
        ("ResourceQuota", TARGET, Risk.CLUSTER),
        ("LimitRange", TARGET, Risk.CLUSTER),
        ("Namespace", None, Risk.CLUSTER),
        ("ClusterRoleBinding", None, Risk.CLUSTER),
    ],
)
def test_what_nobody_has_seen_counts_as_what_it_could_be(kind: str, namespace: str | None, risk: Risk) -> None:
    change = patch_change("applications", application("checkout"), {"operation": {}})
    reaching = replace(change, effects=(ObjectRef("v1", kind, namespace, "x"),))

    assert [risk_of(each, Risk.CHANGE) for each in reaching.judged] == [risk]


def test_an_approval_is_bound_to_what_a_sync_reaches() -> None:
    change = patch_change("applications", application("checkout"), {"operation": {}})
    reaching = [
        replace(change, effects=(ObjectRef("v1", "Service", where, "x"),)) for where in (TARGET, "shop-prod")
    ]
    digests = {Plan.of("sync", each).digest("sync_app") for each in (change, *reaching)}

    assert len(digests) == 3
    assert change.judged == (change,)
    assert plan_from(asdict(Plan.of("sync", reaching[0]))).changes == (reaching[0],)


@pytest.mark.parametrize(
    ("spec", "labels", "owner"),
    [
        ({}, OWN, ""),
        ({}, {}, "Flow"),
        ({}, {"team": "pay"}, "Flow"),
        ({"project": "default"}, OWN, "Flow"),
        ({"project": "default"}, {}, "Flow"),
        ({"project": ""}, {"team": ""}, "Flow"),
        ({"destination": {"server": "https://10.0.0.1"}}, OWN, "Flow"),
        ({"destination": {"name": "production"}}, OWN, "Flow"),
        ({"destination": {"namespace": None}}, OWN, "Flow"),
        ({"syncPolicy": {"managedNamespaceMetadata": {"labels": {}, "annotations": {}}}}, OWN, "Atlas"),
    ],
)
def test_an_application_must_be_the_teams_own(spec: Json, labels: dict[str, str], owner: str) -> None:
    app = Application(application("checkout", spec))
    if not owner:
        return refuse_anothers(app, labels)
    with pytest.raises(Refused) as refused:
        refuse_anothers(app, labels)
    assert refused.value.owner == owner


def test_what_was_compared_is_what_the_spec_names() -> None:
    plain = application("checkout")
    told = {"source": plain["spec"]["source"], "destination": plain["spec"]["destination"]}

    def compared(comparison: Json) -> bool:
        return was_compared_as_it_is(
            Application(application("checkout", status={"sync": {"comparedTo": comparison}}))
        )

    assert compared(told)
    assert not compared({})
    assert not compared({**told, "source": {**told["source"], "path": "apps/other"}})
    assert not compared({**told, "destination": {**told["destination"], "namespace": "shop-prod"}})
    assert not compared({**told, "sources": [told["source"], told["source"]]})
