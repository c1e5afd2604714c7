"""One test's scene: a workspace, the sandbox's API behind a proxy of faults, and Desk as processes on them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.journal.journal import Entry, Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from tests import forked
from tests.faults.proxy import FaultProxy, Where
from tools.changes.build import reference
from tools.cluster import connect as cluster
from tools.json import Json

Ended = subprocess.CompletedProcess[str]

TOP = Path(__file__).parents[2]
ENDS_WITHIN_S = 60.0

WHOAMI = Where("POST", "/selfsubjectreviews")
VERSION = Where("GET", "^/version")
ACCESS = Where("POST", "/selfsubjectaccessreviews")
NAMESPACES = Where("GET", "/namespaces[?]")
NAMESPACE = Where("GET", "/namespaces/shop-dev$")
READ = Where("GET", "/deployments/checkout$")
PODS = Where("GET", "/pods[?]")
DRY_RUN = Where("PATCH", "/deployments/checkout[?].*dryRun=All")
EFFECT = Where("PATCH", "/deployments/checkout[?](?!.*dryRun)")


def set_memory(memory: str = "64Mi", name: str = "checkout", namespace: str = "shop-dev") -> tuple[str, ...]:
    """The command that sets a memory limit: a session of one call."""
    arguments = {"namespace": namespace, "name": name, "memory_limit": memory}
    return ("call", "set_resources", "--json", json.dumps(arguments))


@dataclass
class Running:
    """A process of Desk that runs."""

    process: forked.Desk

    def tell(self, number: signal.Signals) -> None:
        """Send it, and it alone, a signal."""
        self.process.send_signal(number)

    def tell_group(self, number: signal.Signals) -> None:
        """Send it, and all that it has started, a signal: as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self, timeout_s: float = ENDS_WITHIN_S) -> Ended:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"it did not end within {timeout_s} s:\n{out}\n{err}") from None
        return subprocess.CompletedProcess(self.process.args, self.process.wait(), out, err)


class Scene:
    """A workspace, a sandbox behind a proxy, and what is true of them."""

    def __init__(self, root: Path, sandbox: Sandbox, proxy: FaultProxy, folder: Path) -> None:
        self.root = root
        self.proxy = proxy
        self.kubeconfig = proxy.kubeconfig(folder)
        self.other = cluster.connect(cluster.Where(document=sandbox.kubeconfig()))
        self.env: dict[str, str] = {"DESK_API_TIMEOUT_S": "30"}
        self.clock_s = 0.0
        """By how much the clock of the processes to come is wrong."""
        self._generations = {(ns, name): self._generation(name, ns) for ns, name in self._deployments()}

    def start(self, *arguments: str, root: Path | None = None, **env: str) -> Running:
        """Start a command of Desk in the workspace, or in another."""
        where = root or self.root
        everything = {**os.environ, "PYTHONPATH": str(TOP), "KUBECONFIG": str(self.kubeconfig), **self.env, **env}
        return Running(forked.start(arguments, cwd=where, env=everything, clock_s=self.clock_s))

    def desk(self, *arguments: str, root: Path | None = None, **env: str) -> Ended:
        """Run a command of Desk to its end."""
        return self.start(*arguments, root=root, **env).end()

    def resume(self, code: int = 0) -> Ended:
        """Go on with the newest session that is open; it ends as it should."""
        done = self.desk("resume")
        assert_said(done, code)
        return done

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def slow_hook(self, seconds: float, name: str = "pre-commit") -> Path:
        """A hook that takes its time; gives the file that is there while it runs."""
        running = self.root.parent / "hook-runs"
        self.hook(f"touch {running}\nsleep {seconds}\nrm -f {running}", name)
        return running

    def hook(self, script: str, name: str = "pre-commit") -> Path:
        """A hook of the workspace's repository."""
        file = self.root / ".git/hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    def entries(self) -> list[Entry]:
        """The events of the journal; none where there is no journal."""
        file = self.root / ".desk/journal.db"
        if not file.exists():
            return []
        with contextlib.closing(Journal(SqliteStore(file), Redactor())) as journal:
            return list(journal.entries())

    def types(self) -> list[str]:
        """The types of the events."""
        return [entry.type for entry in self.entries()]

    def bodies(self, kind: str) -> list[Json]:
        """The bodies of the events of a type."""
        return [entry.body for entry in self.entries() if entry.type == kind]

    def memory(self, name: str = "checkout", namespace: str = "shop-dev") -> str:
        """A Deployment's memory limit, as it is on the cluster."""
        containers = self.other.get("deployment", name, namespace)["spec"]["template"]["spec"]["containers"]
        return str(containers[0]["resources"]["limits"]["memory"])

    def effects(self, name: str = "checkout", namespace: str = "shop-dev") -> int:
        """How often a Deployment's spec was changed, by whomever: its generation counts it."""
        return self._generation(name, namespace) - self._generations[namespace, name]

    def touch(self, label: str, name: str = "checkout", namespace: str = "shop-dev") -> None:
        """A change by somebody else."""
        live = self.other.get("deployment", name, namespace)
        self.other.patch(reference(live), {"metadata": {"labels": {"touched": label}}})

    def subtasks(self) -> Counter[tuple[str, str]]:
        """How many commits there are of each (session, subtask)."""
        shown = self.git(
            "log",
            "--format=%(trailers:key=Session,valueonly,separator=)%x09%(trailers:key=Subtask,valueonly,separator=)",
        )
        pairs = (tuple(line.split("\t")) for line in shown.splitlines() if line.strip())
        return Counter((pair[0], pair[1]) for pair in pairs)

    def verify(self) -> int:
        """Check the journal's chain; the number of its events."""
        with contextlib.closing(Journal(SqliteStore(self.root / ".desk/journal.db"), Redactor())) as journal:
            return journal.verify()

    def _generation(self, name: str, namespace: str) -> int:
        return int(self.other.get("deployment", name, namespace)["metadata"]["generation"])

    def _deployments(self) -> Iterator[tuple[str, str]]:
        for item in self.other.list("deployments", None):
            yield item["metadata"]["namespace"], item["metadata"]["name"]


def assert_said(done: Ended, code: int, *words: str) -> None:
    """It ended with this code, said these words, and showed no traceback."""
    said = done.stdout + done.stderr
    assert done.returncode == code, f"exit code {done.returncode}, not {code}:\n{said}"
    assert "Traceback" not in said, said
    assert "internal error" not in said, said
    assert [word for word in words if word not in said] == [], said


def assert_paused(done: Ended, code: int, *words: str) -> None:
    """The session waits for a resume: said with why, where, and what to do next."""
    assert_said(done, code, "Parked: ", "Next: desk resume ", *words)


def assert_nothing_begun(scene: Scene) -> None:
    """No session, no commit, no lock, no effect."""
    assert scene.entries() == []
    assert_clean(scene)
    assert scene.git("rev-list", "--count", "HEAD") == "1"
    assert scene.effects() == 0


def assert_clean(scene: Scene) -> None:
    """Git has everything, and nothing is left lying about."""
    assert scene.git("status", "--porcelain") == ""
    assert [*scene.root.rglob(".desk-write.tmp"), *scene.root.rglob("index.desk")] == []
    assert_no_lock(scene)


def assert_no_lock(scene: Scene) -> None:
    """Nobody's git is kept waiting."""
    assert [*(scene.root / ".git").rglob("*.lock")] == []


def assert_whole(scene: Scene, sessions: int = 1) -> None:
    """Every session is closed, each of its subtasks is one commit, the journal's chain holds, git is clean."""
    assert scene.verify()
    assert scene.types().count("session_closed") == sessions
    assert_clean(scene)
    expected = {(entry.session, entry.body["subtask"]) for entry in scene.entries() if entry.type == "subtask_done"}
    found = scene.subtasks()
    assert [pair for pair in expected if found[pair] != 1] == []
    assert [pair for pair, count in found.items() if count > 1] == []
    closed = [entry.session for entry in scene.entries() if entry.type == "session_closed"]
    assert [session for session in closed if found[session, "close"] != 1] == []


def assert_done_once(scene: Scene, memory: str = "64Mi") -> None:
    """The memory limit of checkout was set, once, and written down once."""
    assert scene.memory() == memory
    assert scene.effects() == 1
    assert [body["subtask"] for body in scene.bodies("subtask_done")] == ["01-set-resources-checkout"]
    assert [body["outcome"] for body in scene.bodies("session_closed")] == ["done"]
    assert_whole(scene)


def eventually(true: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        time.sleep(0.02)
