"""Faults on purpose, for the harness's own tests: a harness that finds nothing must be one that could."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from agent.journal.journal import Entry

Fault = Callable[[str, "Entry"], None]


def fault(name: str, kubeconfig: str) -> Fault:
    """The fault of this name; of none, nothing."""
    return _FAULTS[name](kubeconfig) if name else lambda step, entry: None


def _effect_twice(kubeconfig: str) -> Fault:
    """As a resume that does not look what came of an intent: the change is sent once more."""
    targets: list[dict[str, Any]] = []

    def act(step: str, entry: Entry) -> None:
        if step == "tool_intent:set_resources":
            targets.append(entry.body["change"])
        if step == "tool_receipt:set_resources" and targets:
            _patch(kubeconfig, targets[-1])

    return act


def _patch(kubeconfig: str, change: dict[str, Any]) -> None:
    server = yaml.safe_load(Path(kubeconfig).read_text())["clusters"][0]["cluster"]["server"]
    target = change["target"]
    url = f"{server}/apis/apps/v1/namespaces/{target['namespace']}/deployments/{target['name']}"
    headers = {"User-Agent": "desk-agent", "Content-Type": "application/strategic-merge-patch+json"}
    request = urllib.request.Request(url, json.dumps(change["body"]).encode(), headers, method="PATCH")
    urllib.request.urlopen(request, timeout=30).close()


def _effect_never(_kubeconfig: str) -> Fault:
    """As a receipt that is written before its effect: the change is only tried."""

    def act(step: str, _entry: Entry) -> None:
        from tools.cluster.client import HttpCluster

        if step == "tool_intent:restart":
            really = HttpCluster.patch
            HttpCluster.patch = lambda self, target, body, *, dry_run=False: really(  # type: ignore[method-assign]
                self, target, body, dry_run=True
            )

    return act


def _commit_dropped(_kubeconfig: str) -> Fault:
    """A commit is gone after it was made."""
    return _at("committed:restart", lambda: _git("update-ref", "HEAD", "HEAD~1"))


def _commit_twice(_kubeconfig: str) -> Fault:
    """A commit is made once more."""
    return _at("committed:restart", lambda: _git("commit", "--quiet", "--allow-empty", "--reuse-message=HEAD"))


def _log_torn(_kubeconfig: str) -> Fault:
    """A file that is written in place, and a death in the middle of it."""

    def tear() -> None:
        file = Path("logs/LOGS.md")
        file.write_bytes(file.read_bytes()[:-30])
        os.killpg(0, signal.SIGKILL)

    return _at("committed:set_resources", tear)


def _resume_crashes(_kubeconfig: str) -> Fault:
    """A state that can't be read again."""

    def crash() -> None:
        raise RuntimeError("this resume crashes")

    return _at("session_resumed", crash)


def _at(wanted: str, do: Callable[[], object]) -> Fault:
    return lambda step, entry: None if step != wanted else (do(), None)[1]


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


_FAULTS: dict[str, Callable[[str], Fault]] = {
    "effect twice": _effect_twice,
    "effect never": _effect_never,
    "commit dropped": _commit_dropped,
    "commit twice": _commit_twice,
    "log torn": _log_torn,
    "resume crashes": _resume_crashes,
}
