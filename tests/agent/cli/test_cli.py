"""The program as people and programs meet it: what it prints, what it ends with, what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.agent.conftest import InProcess, RunDesk
from tools.json import Json

LIST = ("call", "list", "--json", '{"kind": "pods"}')


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def events(root: Path) -> int:
    """How many events the journal has; none when there is no journal."""
    file = root / ".desk/journal.db"
    if not file.exists():
        return 0
    with contextlib.closing(sqlite3.connect(file)) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM events").fetchone()
        return int(count)


def assert_said(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr


def assert_nothing_left(root: Path) -> None:
    assert events(root) == 0
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "rev-list", "--count", "HEAD") == "1"


def kubeconfig(file: Path, server: str) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t0ps3cr3t-token"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "current-context": "c",
    }
    file.write_text(json.dumps(document))
    return file


class Forbids(BaseHTTPRequestHandler):
    """An API server that lets nobody do anything."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = {"kind": "Status", "reason": "Forbidden", "message": 'User "kim" cannot do that', "code": 403}
        body = json.dumps(status).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PATCH = do_GET

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the base class names it so


@pytest.fixture
def forbidding() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Forbids) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_no_git_repository(run_desk: RunDesk, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    done = run_desk("run", "why does it crash", "--sandbox", cwd=folder)
    assert_said(done, 2, str(folder), "not a workspace", "desk init DIR")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "  ", "--sandbox"), ("task is empty", "desk run")),
        (("run", "why", "--sandbox", "--model", "gpt"), ("model", "playbook")),
        (("run", "why", "--sandbox", "--max-turns", "0"), ("--max-turns is '0'", ">= 1")),
        (("run", "why", "--sandbox", "--max-turns", "many"), ("--max-turns", "many")),
        (("run", "why", "--sandbox", "--api-timeout-s", "-1"), ("--api-timeout-s is '-1'", "> 0")),
        (("run", "why", "--sandbox", "--context", ""), ("--context is ''", "a variable of the shell")),
        (("call", "make_coffee", "--sandbox"), ('no tool "make_coffee"', "desk tools")),
        (("call", "list", "--json", "{", "--sandbox"), ("--json is not JSON", "line 1")),
        (("call", "list", "--json", "[]", "--sandbox"), ("must be a JSON object",)),
        (
            ("call", "list", "--json", '{"color": 1}', "--sandbox"),
            ("kind: Field required", "color", "desk tools list"),
        ),
        (("show", "20250131-000000-abcdef"), ("no journal yet", "--workspace")),
        (("resume",), ("no session to resume", "desk sessions")),
        (("resume", "20250131-000000-abcdef"), ("session",)),
        (("tools", "make_coffee"), ('no tool "make_coffee"', "desk tools")),
        (("approvals", "approve", "apr-1"), ("no journal yet",)),
        (("rollback", "HEAD"), ("nothing to undo", "Changes")),
        (("rollback", "nonsense"), ("nonsense",)),
        (("run",), ("There is no task", "desk run")),
        (("cancel",), ("Missing argument 'SESSION'", "desk cancel --help")),
        (("frobnicate",), ("No such command 'frobnicate'", "desk --help")),
    ],
)
def test_wrong_usage_is_said_and_leaves_nothing(
    in_process: InProcess,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(workspace)
    assert_said(in_process(*arguments), 2, *words)
    assert_nothing_left(workspace)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("max_turns: [", ("cannot be read", "line")),
        ("- a\n- b\n", ("mapping of settings", "max_turns: 30")),
        ("max_turn: 3\n", ("unknown settings: max_turn", "max_turns")),
        ("max_turns: many\n", ("many",)),
        ("max_turns: 0\n", ("max_turns", "desk.yaml")),
        ("output: xml\n", ("xml", "jsonl")),
    ],
)
def test_a_wrong_settings_file_is_said(
    in_process: InProcess, workspace: Path, content: str, words: tuple[str, ...]
) -> None:
    (workspace / "desk.yaml").write_text(content)
    assert_said(in_process("run", "why", "--sandbox", "--workspace", workspace), 2, *words)
    git(workspace, "checkout", "desk.yaml")
    assert_nothing_left(workspace)


def test_all_wrong_settings_are_said_at_once_with_where_each_stands(
    in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "desk.yaml").write_text("max_tokens: 1\nnamespace: 2026\noutput: xml\n")
    monkeypatch.setenv("DESK_EFFORT", "much")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "ftp://model")
    done = in_process("run", "why", "--sandbox", "--price", "1,2", "--workspace", workspace)
    assert_said(
        done,
        2,
        f"max_tokens in {workspace}/desk.yaml is '1'",
        f"output in {workspace}/desk.yaml is 'xml': Invalid enum value 'xml' (text, json, jsonl)",
        "DESK_EFFORT is 'much'",
        "ANTHROPIC_BASE_URL is 'ftp://model'",
        "--price is '1,2': give four numbers",
    )
    assert "2026" not in done.stderr  # a name may be all digits
    git(workspace, "checkout", "desk.yaml")
    assert_nothing_left(workspace)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (None, (), ("does not exist", "--kubeconfig")),
        ("a: [", (), ("is not YAML", "line 1", "--kubeconfig")),
        ("just words", (), ("is not a kubeconfig", "clusters, users and contexts")),
        ("{}", ("--context", "c"), ("cannot be used", "--context")),
        ("good", ("--context", "elsewhere"), ('no context "elsewhere"', "get-contexts")),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(
    in_process: InProcess,
    workspace: Path,
    tmp_path: Path,
    content: str | None,
    options: tuple[str, ...],
    words: tuple[str],
) -> None:
    file = tmp_path / "kubeconfig"
    if content == "good":
        kubeconfig(file, "http://127.0.0.1:1")
    elif content is not None:
        file.write_text(content)
    done = in_process("run", "why", "--workspace", workspace, "--kubeconfig", file, *options)
    assert_said(done, 2, str(file), *words)
    assert_nothing_left(workspace)


def test_no_cluster_at_all_names_the_sandbox(run_desk: RunDesk, workspace: Path) -> None:
    assert_said(
        run_desk("run", "why", "--workspace", workspace), 2, "There is no cluster", "--kubeconfig", "--sandbox"
    )
    assert_nothing_left(workspace)


def test_a_cluster_that_is_down(run_desk: RunDesk, workspace: Path, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{closed.getsockname()[1]}"
        file = kubeconfig(tmp_path / "kubeconfig", server)
        done = run_desk("run", "why", "--workspace", workspace, "--kubeconfig", file)
    assert_said(done, 1, server, "refused", "Is the cluster up")
    assert "t0ps3cr3t" not in done.stderr
    assert_nothing_left(workspace)


def test_a_cluster_that_forbids_everything(
    run_desk: RunDesk, workspace: Path, tmp_path: Path, forbidding: str
) -> None:
    file = kubeconfig(tmp_path / "kubeconfig", forbidding)
    done = run_desk("run", "why", "--workspace", workspace, "--kubeconfig", file, "--output", "json")
    assert_said(done, 1, 'User "kim" cannot do that', "kubectl auth can-i")
    document = json.loads(done.stdout)
    assert (document["schema"], document["exit_code"]) == ("desk.error/v1", 1)
    assert document["error"] in done.stderr
    assert_nothing_left(workspace)
    doctor = run_desk("doctor", "--workspace", workspace, "--kubeconfig", file, "--output", "json")
    assert doctor.returncode == 1
    states = {check["name"]: check["state"] for check in json.loads(doctor.stdout)["checks"]}
    assert (states["git"], states["cluster"]) == ("ok", "missing")


def started(root: Path) -> Json:
    with contextlib.closing(sqlite3.connect(root / ".desk/journal.db")) as connection:
        query = "SELECT body FROM events WHERE type = 'session_started' ORDER BY seq DESC LIMIT 1"
        document: Json = json.loads(connection.execute(query).fetchone()[0])
        return document


def test_doctor_verifies_no_journal_that_would_take_long(
    in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_process(*LIST, "--sandbox", "--workspace", workspace).returncode == 0

    def journal() -> str:
        told = in_process("doctor", "--workspace", workspace, "--kubeconfig", "/none", "-o", "json").stdout
        return next(str(check["text"]) for check in json.loads(told)["checks"] if check["name"] == "journal")

    assert journal().startswith("intact, ")
    monkeypatch.setattr("agent.cli.doctor.VERIFIED_UP_TO_BYTES", 1)
    monkeypatch.setattr("agent.journal.journal.Journal.verify", lambda _: pytest.fail("it is verified"))
    assert "`desk journal verify` does" in journal()


def test_flags_beat_variables_which_beat_the_file_which_beats_defaults(
    in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = (*LIST, "--sandbox", "--workspace", workspace)
    assert in_process(*run).returncode == 0
    assert started(workspace)["max_turns"] == 50
    (workspace / "desk.yaml").write_text("max_turns: 31\noutput: json\n")
    assert json.loads(in_process(*run).stdout)["schema"] == "desk.session/v1"
    assert started(workspace)["max_turns"] == 31
    monkeypatch.setenv("DESK_MAX_TURNS", "32")
    assert in_process(*run).returncode == 0
    assert started(workspace)["max_turns"] == 32
    printed = in_process(*run, "--max-turns", "33", "--output", "jsonl").stdout.splitlines()
    assert started(workspace)["max_turns"] == 33
    assert {json.loads(line)["schema"] for line in printed} == {"desk.event/v1"}


def test_a_call_that_reads_leaves_no_commit_and_a_dry_run_changes_nothing(
    in_process: InProcess, workspace: Path
) -> None:
    here = ("--sandbox", "--workspace", workspace, "--output", "json")
    done = in_process(*LIST, "-n", "shop-dev", *here)
    document = json.loads(done.stdout)
    assert (done.returncode, document["schema"], document["status"]) == (0, "desk.session/v1", "done")
    assert document["results"][0]["data"]["count"] == 7
    assert git(workspace, "rev-list", "--count", "HEAD") == "1"
    arguments = '{"name": "checkout", "memory_limit": "64Mi"}'
    done = in_process("call", "set_resources", "--json", arguments, "-n", "shop-dev", "--dry-run", *here)
    document = json.loads(done.stdout)
    assert (done.returncode, document["subtasks"]) == (0, [])
    assert "+            memory: 64Mi" in document["results"][0]["text"]
    assert "16Mi -> 64Mi" in document["summary"]
    assert git(workspace, "rev-list", "--count", "HEAD") == "1"
    assert git(workspace, "status", "--porcelain") == ""


def test_the_tools_as_text_and_json(in_process: InProcess) -> None:
    table = in_process("tools").stdout
    assert "set_resources\tchange\t" in table
    document = json.loads(in_process("tools", "--output", "json").stdout)
    assert document["schema"] == "desk.tools/v1"
    assert {tool["name"] for tool in document["tools"]} >= {"diagnose", "logs", "set_resources", "wait_for_rollout"}
    one = in_process("tools", "set_resources").stdout
    assert one.startswith("set_resources (change)")
    assert "memory_limit  default None" in one
    assert "namespace  required" in one


def test_what_is_empty_says_so(in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    assert in_process("sessions").stdout == "No session was run here yet.\n"
    assert "sessions   0" in in_process("status").stdout
    assert json.loads(in_process("status", "-o", "json").stdout)["last"] is None


def test_the_main_job_as_json_lines_and_everything_that_tells_of_it(
    run_desk: RunDesk, in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = "checkout keeps crashing in shop-dev, find out why and fix it"
    done = run_desk("run", task, "--sandbox", "--workspace", workspace, "--output", "jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["schema"] for line in printed} == {"desk.event/v1"}
    kinds = [line["type"] for line in printed]
    assert (kinds[0], kinds[-2:]) == ("session_started", ["session_closed", "committed"])
    assert kinds.count("tool_intent") == kinds.count("tool_receipt") == kinds.count("subtask_done") == 1
    closed = printed[-2]["body"]
    assert (closed["outcome"], closed["exit_code"]) == ("done", 0)
    assert "OOMKilled" in closed["summary"]
    assert "checkout is healthy now" in closed["summary"]
    assert git(workspace, "status", "--porcelain") == ""
    assert git(workspace, "rev-list", "--count", "HEAD") == "3"

    session = printed[0]["session"]
    monkeypatch.chdir(workspace)
    exported = in_process("journal", "export").stdout.splitlines()
    assert [json.loads(line) for line in exported] == printed
    assert f"{len(printed)} events" in in_process("journal", "verify").stdout
    verified = json.loads(in_process("journal", "verify", "-o", "json").stdout)
    assert (verified["schema"], verified["events"], verified["intact"]) == ("desk.verify/v1", len(printed), True)
    assert f"{session}\t" in in_process("sessions").stdout
    (line,) = json.loads(in_process("sessions", "-o", "json").stdout)["sessions"]
    assert (line["session"], line["status"], line["exit_code"]) == (session, "done", 0)
    told = in_process("show", session).stdout
    assert "-> set_resources" in told
    assert "undo: desk rollback" in told
    document = json.loads(in_process("show", session, "-o", "json").stdout)
    assert (document["schema"], document["exit_code"]) == ("desk.session/v1", 0)
    assert document["subtasks"][0]["commit"] == git(workspace, "rev-parse", "HEAD~1")
    status = in_process("status").stdout
    assert "sessions   1, 0 of them open" in status
    assert session in status
    again = in_process("resume", session, "--workspace", workspace)
    assert again.returncode == 0
    assert events(workspace) == len(printed)


def test_staging_waits_with_exit_code_3_and_says_who_decides(
    in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    task = "restart checkout in shop-staging"
    done = in_process("run", task, "--sandbox", "--workspace", workspace, "--output", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["status"], document["exit_code"]) == (3, "paused", 3)
    row = document["approval"]
    listed = json.loads(in_process("approvals", "list", "-o", "json").stdout)
    assert [(each["id"], each["environment"], each["priority"]) for each in listed["approvals"]] == [
        (row, "staging", "HIGH")
    ]
    shown = in_process("approvals", "show", row).stdout
    assert "restart Deployment checkout in shop-staging" in shown
    assert "deadline" in shown
    assert "+" in shown
    assert f"approval {row}, to be decided by" in in_process("status").stdout


def test_a_reader_that_leaves_does_not_end_the_session(workspace: Path) -> None:
    for output in ("text", "jsonl"):
        task = "why does checkout crash in shop-dev?"
        words = f'{sys.executable} -m agent run --sandbox -o {output} "{task}" | head -n 1'
        subprocess.run(["bash", "-c", words], cwd=workspace, capture_output=True, check=True, timeout=60)
        sessions = subprocess.run(
            [sys.executable, "-m", "agent", "sessions", "-o", "json"],
            cwd=workspace,
            capture_output=True,
            check=True,
            text=True,
        )
        assert json.loads(sessions.stdout)["sessions"][0]["status"] == "done"
