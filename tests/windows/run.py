"""Runs the task with a small window until it is done, killing its processes on the way, and judges what is left."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import forked
from tests.chaos.ground import APPS, CORE, Access, Api
from tests.messages_api.server import MessagesServer
from tests.windows.script import DEPLOYMENTS, names, task, turn

WINDOW_TOKENS = 8_000
MAX_TOKENS = 1_000
LONGEST_LIFE_S = 4.0
MAX_PROCESSES = 200
_NEXT = re.compile(r"### Next Action\n(.*)")
_SUBTASK = re.compile(r"^Subtask: \d+-restart-(web-\d\d)$", re.MULTILINE)


@dataclass
class Report:
    """What became of one task. Exit codes are those of its processes, in their order; -9: it was killed."""

    codes: list[int] = field(default_factory=list)
    next_actions: list[str] = field(default_factory=list)
    """Of WORKING.md, each time a session was handed over."""
    requests: int = 0
    refused: list[str] = field(default_factory=list)
    """By the API: a request over the window is one."""
    commits: Counter[str] = field(default_factory=Counter)
    restarts: dict[str, int] = field(default_factory=dict)
    """How often the cluster has each changed, by its generation."""
    verified: bool = False
    said: str = ""
    """By the last process."""

    @property
    def kills(self) -> int:
        return sum(code == -signal.SIGKILL for code in self.codes)

    @property
    def lost(self) -> list[str]:
        """Deployments that were not restarted, or without a commit that says so."""
        return [name for name in self.restarts if not self.restarts[name] or not self.commits[name]]

    @property
    def doubled(self) -> list[str]:
        """Deployments that were restarted, or committed, more than once."""
        return [name for name in self.restarts if self.restarts[name] > 1 or self.commits[name] > 1]

    @property
    def faults(self) -> list[str]:
        """All that is not as it must be; empty where nothing is."""
        ended = [code for code in self.codes if code != -signal.SIGKILL]
        wrong = [f"ended with {code}" for code in ended[:-1] if code != 4]
        wrong += [] if ended[-1:] == [0] else [f"ended with {ended[-1:]} in the end: {self.said}"]
        wrong += [f"next action: {each}" for each in self.next_actions if each != "desk run --continue"]
        wrong += [f"refused: {each}" for each in self.refused]
        wrong += [f"lost: {each}" for each in self.lost] + [f"doubled: {each}" for each in self.doubled]
        return wrong if self.verified else [*wrong, "the journal does not verify"]


def run(kubeconfig: str, namespace: str, kills: int, seed: int, count: int = DEPLOYMENTS) -> Report:
    """The task in a namespace of its own, under one key, with so many kills; then it is left alone to its end."""
    chance = random.Random(seed)
    report = Report()
    with (
        _ground(kubeconfig, namespace, count) as access,
        MessagesServer(turn, window_tokens=WINDOW_TOKENS) as model,
        tempfile.TemporaryDirectory(prefix="windows-") as folder,
    ):
        workspace = Path(folder) / "ws"
        env = _environment(folder, kubeconfig, model.url)
        assert forked.run(["init", workspace], env=env).returncode == 0
        while report.codes[-1:] != [0] and len(report.codes) < MAX_PROCESSES:
            life_s = chance.uniform(0.0, LONGEST_LIFE_S) if report.kills < kills else None
            begun = bool(report.codes)
            command = _command(task(namespace, count), namespace, begun=begun, keyed=kills > 0)
            code, report.said = _live(command, workspace, env, life_s)
            report.codes.append(code)
            if code == 4:
                report.next_actions += _NEXT.findall((workspace / "working" / "WORKING.md").read_text())
            elif code not in (0, -signal.SIGKILL):
                break
        report.requests, report.refused = len(model.requests), model.refused
        report.commits = _commits(workspace)
        api = Api(access)  # the server lets go of a connection that nobody uses
        report.restarts = {name: _generation(api, namespace, name) - 1 for name in names(count)}
        report.verified = forked.run(["journal", "verify"], cwd=workspace, env=env).returncode == 0
    return report


def _command(words: str, namespace: str, *, begun: bool, keyed: bool) -> list[str]:
    """What is typed: by hand a task and then `--continue`; by a program always the same, whatever came of it."""
    if keyed:
        return ["run", words, "--session-key", "the-restarts", "-n", namespace]
    return ["run", "--continue"] if begun else ["run", words, "-n", namespace]


def _live(command: list[str], workspace: Path, env: dict[str, str], life_s: float | None) -> tuple[int, str]:
    """The exit code of a process, and the end of what it said; killed with all its children after `life_s`."""
    process = forked.start(command, cwd=workspace, env=env)
    if life_s is not None:
        with contextlib.suppress(TimeoutError):
            process.wait(life_s)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    out, err = process.communicate(120)
    return process.wait(), f"{out}\n{err}"[-800:]


def _environment(home: str, kubeconfig: str, url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "GIT_CONFIG_NOSYSTEM": "1",
        "ANTHROPIC_API_KEY": "a-key-of-the-test",
        "DESK_KUBECONFIG": kubeconfig,
        "DESK_BASE_URL": url,
        "DESK_MODEL": "claude",
        "DESK_WINDOW_TOKENS": str(WINDOW_TOKENS),
        "DESK_MAX_TOKENS": str(MAX_TOKENS),
    }


@contextlib.contextmanager
def _ground(kubeconfig: str, namespace: str, count: int) -> Iterator[Access]:
    """A namespace for development with the Deployments, which have no pods: what counts is what is changed."""
    access = Access.of(kubeconfig)
    api = Api(access)
    metadata = {"name": namespace, "labels": {"environment": "dev"}}
    api.create(f"{CORE}/namespaces", {"metadata": metadata})
    try:
        for name in names(count):
            labels = {"app": name}
            pods = {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "desk/web:1"}]},
            }
            spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pods}
            api.create(f"{APPS}/namespaces/{namespace}/deployments", {"metadata": {"name": name}, "spec": spec})
        yield access
    finally:
        Api(access).delete(f"{CORE}/namespaces/{namespace}")


def _generation(api: Api, namespace: str, name: str) -> int:
    found = api.get(f"{APPS}/namespaces/{namespace}/deployments/{name}")
    return int(found["metadata"]["generation"]) if found else 0


def _commits(workspace: Path) -> Counter[str]:
    """How many commits say of each Deployment that it was restarted."""
    git = [shutil.which("git") or "git", "-C", str(workspace), "log", "--format=%B"]
    return Counter(_SUBTASK.findall(subprocess.run(git, check=True, capture_output=True, text=True).stdout))


def told(report: Report, seconds: float) -> str:
    """A line for whoever ran it."""
    handed_over = sum(code == 4 for code in report.codes)
    return (
        f"{report.requests} turns in {handed_over + 1} sessions and {len(report.codes)} processes, "
        f"{report.kills} killed: {len(report.lost)} lost, {len(report.doubled)} doubled, "
        f"{len(report.refused)} requests over the window ({seconds:.0f} s)"
    )


def timed(kubeconfig: str, namespace: str, kills: int, seed: int, count: int = DEPLOYMENTS) -> tuple[Report, str]:
    """`run`, and its line."""
    began = time.monotonic()
    report = run(kubeconfig, namespace, kills, seed, count)
    return report, told(report, time.monotonic() - began)
