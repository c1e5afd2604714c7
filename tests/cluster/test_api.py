"""The API on a real cluster: a session acts as who asked for it, and somebody else approves what it asks for."""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.agent.web.contract import obeys
from tests.cluster.conftest import Workspace, kubectl
from tests.cluster.test_web import HOST, WEB, _wait_until_ready, token_of

pytestmark = pytest.mark.cluster

WITHIN_S = 90.0
ACTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: desk-acts-as}
rules: [{apiGroups: [""], resources: [serviceaccounts], verbs: [impersonate], resourceNames: [orchestrator]}]
"""


@pytest.fixture(scope="module")
def namespaces() -> Iterator[tuple[str, str]]:
    """One in which the orchestrator may change things, and one in which it may do nothing."""
    suffix = secrets.token_hex(3)
    own, other = f"desk-api-{suffix}", f"desk-api-{suffix}-other"
    for name in (own, other):
        kubectl("create", "namespace", name)
        kubectl("label", "namespace", name, "environment=qa")
        kubectl("apply", "-n", name, "-f", "-", stdin=WEB)
    for account in ("orchestrator", "ana", "vic"):
        kubectl("create", "serviceaccount", account, "-n", own)
        kubectl(
            "create", "rolebinding", account, "-n", own, "--clusterrole=edit", f"--serviceaccount={own}:{account}"
        )
    yield own, other
    kubectl("delete", "namespace", own, other, "--wait=false")


@pytest.fixture
def server(
    namespaces: tuple[str, str], workspace: Workspace, kubeconfig_of: Callable[[str, str], str]
) -> Iterator[Callable[[str], httpx.Client]]:
    """The API, as a program with the token of an account; Desk's own account may act as the orchestrator alone."""
    own, _ = namespaces
    kubectl("apply", "-n", own, "-f", "-", stdin=ACTS)
    kubeconfig = kubeconfig_of(own, "view")
    account = f"--serviceaccount={own}:view"
    kubectl("create", "rolebinding", "desk-acts-as", "-n", own, "--role=desk-acts-as", account)
    reviews = f"desk-api-{own}"
    kubectl("create", "clusterrolebinding", reviews, "--clusterrole=system:auth-delegator", account)
    (workspace.root / "desk.yaml").write_text(
        f"web: {{url: 'https://{HOST}', token_review: true}}\nmodel: playbook\n"
    )
    (workspace.root / "approvers.yaml").write_text(
        f"people: {{ana: {{kubernetes: 'system:serviceaccount:{own}:ana'}}}}\n"
        "rules: [{classes: [change], environments: [test], people: [ana]}]\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serving = workspace.start("serve", "--host", "0.0.0.0", "--port", str(port), kubeconfig=kubeconfig)
    _wait_until_ready(port, serving)
    clients: list[httpx.Client] = []

    def program(name: str) -> httpx.Client:
        headers = {"Host": HOST, "Authorization": f"Bearer {token_of(own, name)}"}
        clients.append(
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, timeout=60,
                event_hooks={"response": [obeys]},
            )
        )  # fmt: skip
        return clients[-1]

    yield program
    for client in clients:
        client.close()
    serving.send_signal(15)
    _, err = serving.communicate(timeout=60)
    kubectl("delete", "clusterrolebinding", reviews)
    assert (serving.returncode, err) == (0, "")


def once(client: httpx.Client, session: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    until = time.monotonic() + WITHIN_S
    while not is_so(told := client.get(f"/sessions/{session}").json()):
        assert time.monotonic() < until, json.dumps(told)
        time.sleep(0.2)
    return dict(told)


def test_a_session_has_the_rights_of_who_asked_and_another_approves(
    server: Callable[[str], httpx.Client], namespaces: tuple[str, str]
) -> None:
    own, other = namespaces
    bot, ana, vic = (server(name) for name in ("orchestrator", "ana", "vic"))
    scale = {"session_key": "T-1", "task": "scale web to 2 replicas", "namespace": own}
    session = bot.post("/sessions", json=scale).json()["id"]
    beyond = bot.post(
        "/sessions", json={"session_key": "T-2", "task": "scale web to 2 replicas", "namespace": other}
    ).json()["id"]
    refused = vic.post("/sessions", json={**scale, "session_key": "T-3"})
    assert refused.status_code == 403 and "may not impersonate serviceaccounts/vic" in refused.text
    waits = once(bot, session, lambda told: told["status"] == "paused")
    assert (waits["exit_code"], waits["requester"]) == (3, f"system:serviceaccount:{own}:orchestrator")
    assert waits["session"]["requester"] == waits["requester"]
    row = waits["session"]["approval"]
    (shown,) = ana.get(f"/approvals/{row}").json()["approvals"]
    verdict = {"digest": shown["digest"]}
    assert bot.post(f"/approvals/{row}/approve", json=verdict).status_code == 403
    assert vic.post(f"/approvals/{row}/approve", json=verdict).status_code == 403
    assert ana.post(f"/approvals/{row}/approve", json=verdict).status_code == 200
    done = once(bot, session, lambda told: told["status"] == "done")
    assert (done["exit_code"], done["sessions"]) == (0, [session])
    assert kubectl("get", "deployment", "web", "-n", own, "-o", "jsonpath={.spec.replicas}") == "2"
    failed = once(bot, beyond, lambda told: told["exit_code"] is not None)
    assert failed["status"] != "done"
    assert kubectl("get", "deployment", "web", "-n", other, "-o", "jsonpath={.spec.replicas}") == "1"
