"""Which rights a change needs, and whether the rules of a namespace give them."""

from __future__ import annotations

from typing import Any

import pytest

from tools.changes.build import apply_change
from tools.changes.kubernetes import asks_for_project, covers, namespace_of, rights
from tools.cluster.client import Access
from tools.provisioning import openshift
from tools.provisioning.specification import specified

PATCH_WEB = Access("patch", "apps", "deployments", "shop", "web")


def rule(verbs: str, groups: str, resources: str, *names: str) -> dict[str, Any]:
    parts = {"verbs": verbs, "apiGroups": groups, "resources": resources}
    return {name: value.split(",") for name, value in parts.items()} | {"resourceNames": list(names)}


@pytest.mark.parametrize(
    ("given", "access", "is_covered"),
    [
        (rule("*", "*", "*"), PATCH_WEB, True),
        (rule("get,patch", "apps,batch", "deployments"), PATCH_WEB, True),
        (rule("patch", "apps", "deployments", "web"), PATCH_WEB, True),
        (rule("patch", "apps", "deployments", "api"), PATCH_WEB, False),
        (rule("patch", "", "deployments"), PATCH_WEB, False),
        (rule("get", "apps", "deployments"), PATCH_WEB, False),
        (rule("patch", "apps", "deployments/scale"), PATCH_WEB, False),
        (rule("patch", "apps", "deployments/scale"), PATCH_WEB._replace(subresource="scale"), True),
        (rule("create", "", "configmaps", "web"), Access("create", "", "configmaps", "shop"), False),
    ],
)
def test_a_rule_covers_what_rbac_says_it_does(given: dict[str, Any], access: Access, is_covered: bool) -> None:
    assert covers(given, access) is is_covered


def test_a_project_needs_the_right_to_ask_for_one_and_a_namespace_its_own() -> None:
    project = openshift.project(specified("shop-dev", {}, None))
    assert asks_for_project(project)
    assert namespace_of(project) == "shop-dev"
    assert rights(project) == (Access("create", "project.openshift.io", "projectrequests", None),)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop-dev"}}
    live = {**body, "metadata": {"name": "shop-dev", "uid": "1"}}
    assert rights(apply_change("namespaces", body, live)) == (
        Access("patch", "", "namespaces", "shop-dev", "shop-dev"),
    )
