"""Which rules allow what, and whom bindings name. Pure."""

from typing import Any

import pytest

from tools.cluster.client import Access
from tools.json import Json
from tools.kubernetes.rbac import (
    allowed_names,
    grants,
    groups_of,
    names_of,
)

GET_PODS = Access("get", "", "pods", "shop")
GET_LOGS = GET_PODS._replace(subresource="log")
GET_DEPLOYMENTS = Access("get", "apps", "deployments", "shop")


def rule(verbs: str = "get", resources: str = "pods", groups: str = "", **rest: Any) -> Json:
    return {"verbs": verbs.split(), "resources": resources.split(), "apiGroups": groups.split(","), **rest}


@pytest.mark.parametrize(
    ("rules", "access", "names"),
    [
        ([rule()], GET_PODS, ()),
        ([rule("list watch")], GET_PODS, None),
        ([rule("*", "*", "*")], GET_DEPLOYMENTS, ()),
        ([rule()], GET_DEPLOYMENTS, None),
        ([rule("get", "deployments", "apps")], GET_DEPLOYMENTS, ()),
        ([rule("get", "deployments", "extensions")], GET_DEPLOYMENTS, None),
        ([rule()], GET_LOGS, None),
        ([rule("get", "pods/log")], GET_LOGS, ()),
        ([rule("get", "*/log")], GET_LOGS, ()),
        ([rule("get", "*")], GET_LOGS, ()),
        ([rule("get", "pods/log")], GET_PODS, None),
        ([rule(resourceNames=["a", "b"]), rule(resourceNames=["b", "c"])], GET_PODS, ("a", "b", "c")),
        ([rule(resourceNames=["a"]), rule()], GET_PODS, ()),
        ([], GET_PODS, None),
    ],
)
def test_what_rules_allow(rules: list[Json], access: Access, names: tuple[str, ...] | None) -> None:
    assert allowed_names(rules, access) == names


def binding(kind: str, role: tuple[str, str], *subjects: Json) -> Json:
    metadata = {"name": "give", **({"namespace": "shop"} if kind == "RoleBinding" else {})}
    return {
        "kind": kind,
        "metadata": metadata,
        "roleRef": dict(zip(("kind", "name"), role, strict=True)),
        "subjects": subjects,
    }


ROLES: dict[tuple[str, str], Json] = {
    ("Role", "reader"): {"rules": [rule(resourceNames=["web"])]},
    ("ClusterRole", "view"): {"rules": [rule()], "aggregationRule": {"clusterRoleSelectors": []}},
    ("ClusterRole", "none"): {"rules": None},
}


def test_each_subject_is_told_with_what_gives_it() -> None:
    bindings = [
        binding("RoleBinding", ("Role", "reader"), {"kind": "ServiceAccount", "name": "ci"}),
        binding(
            "ClusterRoleBinding",
            ("ClusterRole", "view"),
            {"kind": "Group", "name": "devs"},
            {"kind": "User", "name": "ana"},
        ),
        binding("RoleBinding", ("ClusterRole", "none"), {"kind": "User", "name": "eve"}),
        binding("RoleBinding", ("ClusterRole", "gone"), {"kind": "User", "name": "eve"}),
    ]
    assert [str(grant) for grant in grants(GET_PODS, bindings, ROLES)] == [
        "ServiceAccount ci in shop  by RoleBinding give (Role reader, only for web)",
        "Group devs  by ClusterRoleBinding give (ClusterRole view, aggregated)",
        "User ana  by ClusterRoleBinding give (ClusterRole view, aggregated)",
    ]


def test_a_service_account_is_known_by_its_name_and_its_groups() -> None:
    user = "system:serviceaccount:shop:ci"
    groups = groups_of(user, ["devs"])
    assert groups == ("devs", "system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated")
    assert names_of(user, groups) >= {
        f"User {user}",
        "ServiceAccount ci in shop",
        "Group system:serviceaccounts:shop",
    }
    assert names_of("ana", groups_of("ana", [])) == {"User ana", "Group system:authenticated"}
