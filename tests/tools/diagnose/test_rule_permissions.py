"""RBACForbidden: which Role lacks what, or is bound to whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import pod, snapshot, status, terminated
from tools.diagnose.diagnose import judge
from tools.json import Json

CRASHED = pod(status({"waiting": {"reason": "CrashLoopBackOff"}}, terminated(1), restarts=2))


def said(verb: str = "list", resource: str = "configmaps", group: str = "", where: str | None = "shop-dev") -> str:
    user = 'User "system:serviceaccount:shop-dev:app"'
    target = f'in the namespace "{where}"' if where else "at the cluster scope"
    return f'{resource} is forbidden: {user} cannot {verb} resource "{resource}" in API group "{group}" {target}'


def role(name: str, verbs: list[str], resource: str = "configmaps", group: str = "", **rule: Any) -> Json:
    return {
        "metadata": {"name": name},
        "rules": [{"apiGroups": [group], "resources": [resource], "verbs": verbs, **rule}],
    }


def binding(name: str, account: str | None = "app", kind: str = "Role") -> Json:
    subjects = [{"kind": "ServiceAccount", "name": account}] if account else None
    return {"metadata": {"name": name}, "roleRef": {"kind": kind, "name": name}, "subjects": subjects}


def found(log: str, **kinds: Any) -> list[Json]:
    here = {("shop-abc-1", "app"): log}
    result: list[Json] = judge(snapshot(CRASHED, logs=here, **kinds))["findings"]
    return result


@pytest.mark.parametrize(
    ("log", "roles", "bindings", "target", "detail"),
    [
        (said(), [role("r", ["get"])], [binding("r")], ("Role", "r"), "gives it only get"),
        (said(), [role("r", ["get"], "pods")], [binding("r")], ("Role", "r"), "says nothing of configmaps"),
        (
            said(resource="deployments", group="apps"),
            [role("r", ["list"], "deployments")],
            [binding("r")],
            ("Role", "r"),
            "names deployments in the core API group, and it belongs to API group apps",
        ),
        (
            said("get"),
            [role("r", ["get"], resourceNames=["settings"])],
            [binding("r")],
            ("Role", "r"),
            "gives it only for the objects named settings",
        ),
        (said(), [role("r", ["list"])], [], ("Role", "r"), "no RoleBinding binds it"),
        (said(), [role("r", ["list"])], [binding("r", None)], ("Role", "r"), "RoleBinding r binds it to nobody"),
        (
            said(),
            [role("r", ["*"])],
            [binding("r", "ap")],
            ("RoleBinding", "r"),
            "binds it to ServiceAccount ap, not",
        ),
        (
            said(),
            [role("readers", ["list"])],
            [binding("reader")],
            ("RoleBinding", "reader"),
            "to Role reader, which does not exist; the nearest there is: readers",
        ),
        (
            said(),
            [],
            [binding("view", kind="ClusterRole")],
            ("ServiceAccount", "app"),
            "is bound to ClusterRole view, which does not allow it",
        ),
        (said(), [role("r", ["get"])], [], ("ServiceAccount", "app"), "no Role is bound to ServiceAccount app"),
        (said(where=None), [], [], ("ServiceAccount", "app"), "that takes a ClusterRole"),
        (said(where="other"), [], [], ("ServiceAccount", "app"), "no Role of namespace other that allows it"),
    ],
)
def test_what_is_missing(
    log: str, roles: list[Json], bindings: list[Json], target: tuple[str, str], detail: str
) -> None:
    [one] = found(log, Role=roles, RoleBinding=bindings)

    assert (one["cause"], one["object"]["kind"], one["object"]["name"]) == ("RBACForbidden", *target)
    assert detail in one["summary"]
    assert one["affected"] == ["shop-abc-1"]


def test_the_remedy_is_the_tools_arguments() -> None:
    [one] = found(said(), Role=[role("r", ["get"])], RoleBinding=[binding("r")])

    [remedy] = one["remedies"]
    assert (remedy["tool"], remedy["risk"]) == ("allow", "provision")
    assert remedy["arguments"] == {
        "namespace": "shop-dev",
        "role": "r",
        "verb": "list",
        "resource": "configmaps",
        "api_group": "",
    }


def test_roles_that_were_not_read_are_not_called_missing() -> None:
    [one] = found(said())

    assert one["object"]["kind"] == "ServiceAccount"
    assert "no Role that allows it is bound" in one["summary"]


def test_quotes_of_a_json_log() -> None:
    assert found('{"error":"' + said().replace('"', '\\"') + '"}')[0]["cause"] == "RBACForbidden"


def test_what_is_allowed_meanwhile_is_a_crash_like_any_other() -> None:
    [one] = found(said(), Role=[role("r", ["get", "list"])], RoleBinding=[binding("r")])

    assert one["cause"] == "CrashLoopBackOff"


def test_a_refusal_that_it_survived_does_not_hide_why_it_ended() -> None:
    causes = {one["cause"] for one in found(f"{said()}\ndial tcp 10.0.0.9:5432: connect: connection refused\n")}

    assert causes == {"RBACForbidden", "CrashLoopBackOff"}


def test_a_group_of_all_service_accounts_binds_it_too() -> None:
    group = {"kind": "Group", "name": "system:serviceaccounts:shop-dev"}
    bound = {**binding("r"), "subjects": [group]}

    assert "gives it only get" in found(said(), Role=[role("r", ["get"])], RoleBinding=[bound])[0]["summary"]


def test_cluster_role_that_is_bound_to_an_account_of_another_namespace() -> None:
    other = binding("view", kind="ClusterRole")
    other["subjects"] = [{"kind": "ServiceAccount", "name": "app", "namespace": "default"}]
    [one] = found(said(), Role=[], RoleBinding=[other])

    assert (one["object"]["kind"], one["object"]["name"]) == ("RoleBinding", "view")
    assert "binds ClusterRole view to ServiceAccount app of namespace default" in one["summary"]
    assert '"namespace": "shop-dev"' in one["remedies"][0]["command"]


def test_a_subject_without_a_namespace_is_of_the_bindings_own() -> None:
    [one] = found(said(), Role=[role("r", ["list"])], RoleBinding=[binding("r", "ap")])

    assert one["summary"].endswith("of namespace shop-dev: subjects[0].name is ap")
