"""The start is fast because of what it does not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from agent import __version__
from agent.app import Task, start
from agent.journal.summary import summarize
from agent.settings import Settings
from tests.agent.conftest import RunDesk
from tests.agent.session_bench import Watcher
from tests.tools.cluster.test_connect import CA_DATA

TOP = Path(__file__).parents[3]
HEAVY = {
    "langgraph",
    "langchain_core",
    "langsmith",
    "anthropic",
    "kubernetes",
    "aiohttp",
    "kmock",
    "boto3",
    "botocore",
}

SCRIPT = """
import sys
from agent.cli import main
try:
    main(sys.argv[1:])
finally:
    print("MODULES", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def imported(*arguments: str) -> set[str]:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def loaded_by(imports: str) -> set[str]:
    script = f"{imports}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_imports_only_what_says_it() -> None:
    assert not imported("--help") & (HEAVY | {"pydantic", "rich", "yaml", "git", "sqlite3"})


def test_no_garbage_is_looked_for_while_a_command_is_imported() -> None:
    script = (
        "import atexit, gc, sys; sys.argv = ['desk', 'debug-pod', '--help'];"
        "from agent.__main__ import program; found = []; gc.collect();"
        "gc.callbacks.append(lambda *told: found.append(told)); atexit.register(lambda: print(found)); program()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


def test_what_reads_the_journal_alone_imports_no_client(workspace: Path) -> None:
    call = {"tool": "list", "arguments": {"kind": "nodes"}}
    assert start(Settings(workspace=workspace), Task("list", sandbox=True, call=call), Watcher()) == 0
    (session,) = summarize(workspace).sessions
    commands = (("status",), ("sessions",), ("show", session.session), ("approvals", "list"), ("journal", "verify"))
    for command in commands:
        loaded = imported(*command, "--workspace", str(workspace))
        assert not loaded & (HEAVY | {"pydantic"} if command[0] in ("sessions", "show") else HEAVY), command


def test_a_session_is_shown_from_the_journal_alone() -> None:
    shows = (
        "import agent.cli.sessions, agent.surfaces.console, agent.journal.view, agent.surfaces.session_documents"
    )
    assert not loaded_by(shows) & (HEAVY | {"pydantic", "git", "yaml"})


def test_a_session_says_that_it_began_before_langgraph_is_imported() -> None:
    assert not loaded_by("import agent.app, agent.model.playbook") & (HEAVY | {"rich"})
    assert not loaded_by("import tools.catalog, tools.changes.clouds") & {"boto3", "botocore"}


def test_a_typed_call_of_a_room_imports_neither_langgraph_nor_the_other_rooms(workspace: Path) -> None:
    arguments = ("provision-namespace", "web-dev", "--sandbox", "--workspace", str(workspace), "-o", "json")
    assert not imported(*arguments) & {"langgraph", "langchain_core", "langsmith", "anthropic", "rich"}
    loads = "import agent.app, agent.session.steps; from tools.rooms import tools_for; tools_for('check_namespace')"
    assert not whole_names_loaded_by(loads) & {"tools.catalog", "agent.understanding.understand"}


def whole_names_loaded_by(imports: str) -> set[str]:
    script = f"{imports}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_settings_are_light() -> None:
    assert not loaded_by("import agent.settings, agent.cli.options") & (HEAVY | {"pydantic", "yaml", "rich", "git"})


def test_the_sandbox_needs_no_client_of_kubernetes() -> None:
    assert "kubernetes" not in loaded_by("import agent.sandbox.server")


def test_importing_the_packages_does_nothing() -> None:
    command = [sys.executable, "-c", "import agent, tools, agent.cli, sys; print(len(sys.argv))"]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_version(run_desk: RunDesk) -> None:
    done = run_desk("--version")
    assert (done.returncode, done.stdout) == (0, f"desk, version {__version__}\n")


def ended(redirection: str) -> tuple[int, str]:
    """The exit code of `--version`'s process and what it says on standard error, its output going there."""
    command = f"{sys.executable} -m agent tools {redirection}"
    done = subprocess.run(["bash", "-c", command], cwd=TOP, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_the_process_ends_with_all_of_its_output_or_says_so() -> None:
    assert ended("> /dev/null") == (0, "")
    assert ended(">&-") == (0, "")
    assert ended("> /dev/full") == (1, "error: [Errno 28] No space left on device\n")
    assert ended("| wc -c > /dev/null; exit ${PIPESTATUS[0]}") == (0, "")
    code, said = ended("| true; exit ${PIPESTATUS[0]}")
    assert (code, said) in ((0, ""), (1, ""))


def test_what_a_library_wrote_to_a_file_is_gone_at_the_end(tmp_path: Path) -> None:
    """The `kubernetes` client, which reads this kubeconfig, needs its CA in one."""
    cluster = {"server": "https://127.0.0.1:9", "tls-server-name": "x", "certificate-authority-data": CA_DATA}
    document = {
        "clusters": [{"name": "x", "cluster": cluster}],
        "users": [{"name": "x", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(document))
    (scratch := tmp_path / "scratch").mkdir()
    command = [sys.executable, "-m", "agent", "debug-pod", "shop", "--kubeconfig", str(tmp_path / "kubeconfig")]
    done = subprocess.run(
        command, cwd=TOP, env={**os.environ, "TMPDIR": str(scratch)}, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert list(scratch.iterdir()) == []
