"""What webhooks of a played git host tell of pushes: Applications, BuildConfigs, a run of an EventListener."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.tools.delivery.argo_cd_chains import NEW, OLD, application
from tests.tools.delivery.chains import ARGO_CD, NOW, TARGET
from tests.tools.delivery.openshift_chains import config
from tests.tools.delivery.tekton_chains import listener, run, trigger
from tests.tools.git_hosts.server import (
    GitServer,
    github_delivery,
    github_hook,
    gitlab_event,
    gitlab_hook,
)
from tools.json import Json

LISTENER = "triggers.tekton.dev/eventlistener"
SECRET = "whsec-0123456789abcdef"
"""The part of a BuildConfig's webhook URL that nobody may see."""


def objects(server: GitServer) -> list[Json]:
    """All of it, with repositories at the server."""
    settings = {"name": "argocd-cm", "namespace": ARGO_CD}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": settings,
            "data": {"url": "https://argocd.example.com"},
        },
        *(_application(name, server) for name in ("refused", "told", "lost", "unhooked")),
        _application("elsewhere", server, "https://github.com/shop/elsewhere.git"),
        *(application(name) for name in ("gone", "refuses", "listened")),
        _config("gone", server),
        _config("refuses", server),
        *_listened("listened", server),
    ]


def play(server: GitServer, target: str) -> None:
    """The webhooks and what was delivered; `target` is the namespace that is delivered to."""
    at = (NOW - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    argo_cd = "https://argocd.example.com/api/webhook"
    api = f"https://api.example.com:6443/apis/build.openshift.io/v1/namespaces/{target}/buildconfigs"
    server.hooks = {
        "shop/refused": [github_hook(1, "https://chat.example.com/"), github_hook(2, argo_cd)],
        "shop/told": [github_hook(1, argo_cd)],
        "shop/lost": [github_hook(1, argo_cd)],
        "shop/unhooked": [github_hook(1, "https://chat.example.com/api/webhook")],
        "shop/gone": [github_hook(1, f"{api}/other/webhooks/{SECRET}/github")],
        "shop/refuses": [gitlab_hook(1, f"{api}/refuses/webhooks/{SECRET}/gitlab")],
        "shop/listened": [github_hook(1, "https://el.example.com/", active=False)],
    }
    server.deliveries = {
        ("shop/refused", 2): [github_delivery(1, at, 400, NEW, said="Bad Request")],
        ("shop/told", 1): [github_delivery(2, at, 200, OLD), github_delivery(1, at, 200, NEW)],
        ("shop/lost", 1): [github_delivery(1, at, 200, OLD)],
        ("shop/refuses", 1): [gitlab_event(1, "Fri, 02 Jan 2026 10:00:00 GMT", "401", NEW)],
    }


def _application(name: str, server: GitServer, url: str = "") -> Json:
    name, url = f"hook-{name}", url or f"{server.url}/shop/{name}.git"
    return application(name, {"source": {"repoURL": url}})


def _config(name: str, server: GitServer) -> Json:
    item = config(f"{name}")
    source: dict[str, Any] = {"type": "Git", "git": {"uri": f"{server.url}/shop/{name}.git"}}
    item["spec"] |= {"source": source, "triggers": [{"type": "GitHub"}, {"type": "GitLab"}]}
    return item


def _listened(name: str, server: GitServer) -> list[Json]:
    made = run(
        name, "True", "Succeeded", "",
        spec={"params": [{"name": "repo-url", "value": f"{server.url}/shop/{name}"}]},
        results=[{"name": "IMAGE", "value": f"quay.io/shop/{name}:1"}],
    )  # fmt: skip
    made["metadata"]["labels"][LISTENER] = name
    path = {
        "path": "/", "pathType": "Prefix",
        "backend": {"service": {"name": f"el-{name}", "port": {"number": 8080}}},
    }  # fmt: skip
    return [
        made,
        listener(name, f"{name}-template"),
        trigger("TriggerTemplate", f"{name}-template", {"resourcetemplates": []}),
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": name, "namespace": TARGET},
            "spec": {"rules": [{"host": "el.example.com", "http": {"paths": [path]}}]},
        },
    ]
