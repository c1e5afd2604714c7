"""The MCP server by the official client, over both transports, on a sandbox's cluster."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
import yaml
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from agent.gate.policy import TABLE, Verdict, asking, with_cells
from agent.journal import approvals
from agent.journal.journal import Journal
from agent.journal.stores import opened
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from tools.cluster.connect import Where, connect

Said = TypeVar("Said")
MEMORY = {
    "namespace": "shop-dev", "kind": "Deployment", "name": "checkout", "container": "app", "memory_limit": "512Mi",
}  # fmt: skip
HOSTILE = "x'; DROP TABLE events; --\n\x1b[2J<script>"
TOKEN = "a-token-of-the-test"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def desk(workspace: Path, sandbox: Sandbox, tmp_path: Path) -> list[str]:
    """The command, on the sandbox's cluster."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(sandbox.kubeconfig()))
    return ["-m", "agent", "mcp", "--workspace", str(workspace), "--kubeconfig", str(kubeconfig)]


@contextlib.asynccontextmanager
async def by_stdio(desk: list[str]) -> AsyncIterator[Client]:
    async with Client(StdioServerParameters(command=sys.executable, args=desk, env=dict(os.environ))) as client:
        yield client


@contextlib.contextmanager
def served(desk: list[str]) -> Iterator[str]:
    """Over HTTP, by a process of its own; gives its address."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "DESK_MCP_TOKEN": TOKEN}
    process = subprocess.Popen(
        [sys.executable, *desk, "--http", f"127.0.0.1:{port}"], env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        url = process.stderr.readline().strip()
        assert url == f"http://127.0.0.1:{port}/mcp"
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            asyncio.run(asyncio.sleep(0.1))
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)


def spoken(desk: list[str], work: Callable[[Client], Awaitable[Said]]) -> Said:
    async def run() -> Said:
        async with by_stdio(desk) as client:
            return await work(client)

    return asyncio.run(run())


async def said(client: Client, tool: str, /, **arguments: Any) -> str:
    """What a call answers, which must be no error."""
    result = await client.call_tool(tool, arguments)
    text = "\n".join(block.text for block in result.content if block.type == "text")
    assert not result.is_error, text
    return text


async def refused(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(tool, arguments)
    text = "\n".join(block.text for block in result.content if block.type == "text")
    assert result.is_error, text
    return text


def test_it_tells_what_it_knows(desk: list[str]) -> None:
    async def ask(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == [
            "approvals", "debug_pipeline", "diagnose", "docs", "explain_cause", "proposal", "propose_change",
            "render_manifests", "validate_manifests", "why_not_live",
        ]  # fmt: skip
        reading = {name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint}
        assert set(tools) - reading == {"propose_change"}
        assert "checkout" in await said(client, "diagnose", namespace="shop-dev")
        assert "What it means" in await said(client, "explain_cause", cause="OOMKilled")
        assert "kind: Deployment" in await said(
            client, "render_manifests", app="web", image="acme/web:2", namespace="shop-dev"
        )
        bad = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replica: 2}\n"
        assert "replica" in await said(client, "validate_manifests", manifests=bad)
        assert "root:x" not in await said(client, "validate_manifests", manifests="/etc/passwd")
        page = await client.read_resource("desk://docs/debugging")
        assert "debug-pod" in str(page.contents[0])

    spoken(desk, ask)


def test_a_change_waits_for_a_person_even_in_dev(desk: list[str], workspace: Path, sandbox: Sandbox) -> None:
    cluster = connect(Where(document=sandbox.kubeconfig()))

    def memory() -> str:
        spec = cluster.get("deployment", "checkout", "shop-dev")["spec"]["template"]["spec"]
        return str(spec["containers"][0]["resources"]["limits"]["memory"])

    before = memory()

    async def propose(client: Client) -> dict[str, Any]:
        told = json.loads(await said(client, "propose_change", tool="set_resources", arguments=MEMORY))
        assert (told["status"], told["exit_code"], told["approval"]["status"]) == ("paused", 3, "pending")
        assert "512Mi" in told["approval"]["diff"]
        again = json.loads(await said(client, "proposal", session=told["session"]))
        assert again == told
        assert told["approval"]["id"] in await said(client, "approvals")
        return dict(told)

    told = spoken(desk, propose)
    assert memory() == before
    with contextlib.closing(opened(workspace, None)) as store:
        journal = Journal(store, Redactor())
        assert [entry.body["verdict"] for entry in journal.entries(types=("call_gated",))] == ["ask"]
        (row,) = journal.approvals()
        assert row.status == "pending"
        assert approvals.load(journal, row.id).asked.requester
        assert journal.verify() > 0
    assert told["approval"]["id"] == row.id


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("propose_change", {"tool": "create_pull_secret", "arguments": {}}, "class secret"),
        ("propose_change", {"tool": "save_logs", "arguments": {}}, "class render"),
        ("propose_change", {"tool": "diagnose", "arguments": {"namespace": "shop-dev"}}, "class read"),
        ("propose_change", {"tool": HOSTILE, "arguments": {}}, "There is no tool"),
        ("propose_change", {"tool": "set_resources", "arguments": {**MEMORY, "name": HOSTILE}}, "name: "),
        ("propose_change", {"tool": "scale", "arguments": {"namespace": "gone-dev", "replicas": 1}}, "scale: "),
        ("diagnose", {"namespace": HOSTILE}, "namespace: "),
        ("diagnose", {"namespace": "x" * 300}, "at most 63"),
        ("proposal", {"session": HOSTILE}, "No session|There is no session"),
        ("validate_manifests", {"manifests": "x" * 1_000_001}, "at most 1000000"),
        ("explain_cause", {"cause": "OOMKiled"}, "Did you mean"),
        ("approve", {"id": "apr-1"}, "Unknown tool"),
        ("get", {"kind": "secret"}, "Unknown tool"),
    ],
)  # fmt: skip
def test_hostile_calls_are_told_what_is_wrong_and_do_nothing(
    desk: list[str], workspace: Path, tool: str, arguments: dict[str, Any], why: str
) -> None:
    async def call(client: Client) -> str:
        if tool in ("approve", "get"):
            with pytest.raises(Exception, match=why) as unknown:
                assert not (await client.call_tool(tool, arguments)).is_error, "Unknown tool"
            return str(unknown.value)
        return await refused(client, tool, arguments)

    assert re.search(why, spoken(desk, call))
    assert not (workspace / ".desk" / "journal.db").exists()


def test_over_http_only_with_the_token(desk: list[str]) -> None:
    async def ask(url: str) -> str:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            return await said(client, "diagnose", namespace="shop-dev")

    with served(desk) as url:
        assert "checkout" in asyncio.run(ask(url))
        for given in ("", "Bearer wrong", f"Basic {TOKEN}", "\u00ff"):
            header = {b"Authorization": given.encode("latin-1")}
            assert httpx2.post(url, json={}, headers=header, timeout=120).status_code == 401
        elsewhere = {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example.com"}
        assert httpx2.post(url, json={}, headers=elsewhere, timeout=120).status_code in (403, 421)


def test_an_address_of_others_needs_a_token(run_desk: Callable[..., Any], workspace: Path) -> None:
    refused = run_desk("mcp", "--http", "0.0.0.0:8321", "--workspace", workspace)
    assert (refused.returncode, "DESK_MCP_TOKEN" in refused.stderr) == (2, True)
    refused = run_desk("mcp", "--http", "here", "--workspace", workspace)
    assert (refused.returncode, "HOST:PORT" in refused.stderr) == (2, True)


def test_with_its_cells_nothing_is_allowed_that_changes() -> None:
    for cells in ({}, {"change": {"dev": "ask"}}, {"delete": {"dev": "allow"}, "change": {"prod": "allow"}}):
        table = with_cells(asking(cells))
        changing = [verdict for risk, verdicts in table.items() if risk.value != "read" for verdict in verdicts]
        assert Verdict.ALLOW not in changing
    assert with_cells(asking({}))[next(iter(TABLE))] == TABLE[next(iter(TABLE))]
