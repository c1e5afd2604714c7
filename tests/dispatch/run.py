"""Dispatch many sessions, kill their pods, decide their approvals, and judge what has become of them."""

from __future__ import annotations

import contextlib
import json
import math
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from agent.dispatch.request import Request
from agent.docs.schemas import schemas
from agent.journal.journal import Journal
from agent.journal.stores import opened
from agent.journal.view import SessionView
from agent.redaction import Redactor
from tests.dispatch.stand import KUBECONFIG, Stand, kubectl

LOOKS_EVERY_S = 0.3


@dataclass(frozen=True)
class Asked:
    """A session of its own: scale one Deployment of an environment up to one replica."""

    key: str
    environment: str
    deployment: str

    @property
    def task(self) -> str:
        """In words."""
        return f"scale {self.deployment} to 1 replica"


@dataclass
class Done:
    """What was done to the sessions meanwhile."""

    killed: int = 0
    drained: int = 0
    approved: int = 0
    """While no pod of their sessions ran."""
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


@contextlib.contextmanager
def journal_of(stand: Stand) -> Iterator[Journal]:
    """The journal of the sessions."""
    with contextlib.closing(Journal(opened(stand.clone, stand.journal), Redactor())) as journal:
        yield journal


def dispatch(stand: Stand, asked: Sequence[Asked]) -> list[str]:
    """Dispatch them all by one command; what it said."""
    documents = (
        {"task": each.task, "session_key": each.key, "namespace": stand.namespace(each.environment)}
        for each in asked
    )
    file = stand.folder / "requests.yaml"
    file.write_text("---\n".join(json.dumps(each) + "\n" for each in documents))
    done = stand.desk("dispatch", "-f", str(file), "--output", "jsonl")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for document in told:
        jsonschema.validate(document, schemas()["desk.dispatched.v1.json"])
    return [document["job"] for document in told]


def drive(
    stand: Stand,
    asked: Sequence[Asked],
    *,
    kills: int,
    drains: int,
    within_s: float,
    chance: random.Random,
    timeout_s: float,
) -> Done:
    """Until each session is over: kill pods (SIGKILL), drain others (SIGTERM), approve what waits.

    A pod is ended at a random moment of the first `within_s` seconds that its session runs.
    """
    done, begun, ends = Done(), time.monotonic(), dict[str, float]()
    with journal_of(stand) as journal:
        while not all(is_over(journal, each) for each in asked):
            if time.monotonic() - begun > timeout_s:
                done.faults.append(f"not all were over after {timeout_s:.0f} s")
                break
            for pod in filter(_runs, stand.pods()):
                name = pod["metadata"]["name"]
                ends.setdefault(name, time.monotonic() + chance.uniform(0, within_s))
                if ends[name] > time.monotonic():
                    continue
                ends[name] = math.inf
                if done.drained < drains:
                    done.drained += _end(stand, name, "--grace-period=20")
                elif done.killed < kills:
                    done.killed += _end(stand, name, "--grace-period=0", "--force")
            _approve(stand, journal, done)
            time.sleep(LOOKS_EVERY_S)
    done.seconds = time.monotonic() - begun
    return done


def _runs(pod: dict[str, Any]) -> bool:
    started = pod["status"].get("containerStatuses", [])
    return any("running" in each["state"] for each in started) and "deletionTimestamp" not in pod["metadata"]


def _end(stand: Stand, pod: str, *how: str) -> bool:
    command = ["kubectl", "--kubeconfig", KUBECONFIG, "delete", "pod", pod, "-n", stand.jobs, "--wait=false", *how]
    return not subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def _approve(stand: Stand, journal: Journal, done: Done) -> None:
    running = {pod["metadata"]["labels"]["desk.agent/session-key"] for pod in stand.pods()}
    for row in journal.approvals(statuses=("pending",)):
        view = SessionView.of(row.session, journal.entries(row.session))
        if view.paused is None or key_label(view.task.session_key) in running:
            continue
        told = stand.desk("approvals", "approve", row.id)
        if told.returncode:
            done.faults.append(f"{row.id}: {told.stderr.strip()}")
            continue
        done.approved += 1


def key_label(session_key: str) -> str:
    """The label of a session key's Jobs."""
    return Request(task="-", session_key=session_key).key


def views(journal: Journal, asked: Asked) -> list[SessionView]:
    """All sessions of a key, the oldest first."""
    found = journal.entries(types=("session_started",))
    ids = [entry.session for entry in found if entry.body["session_key"] == asked.key]
    return [SessionView.of(each, journal.entries(each)) for each in ids]


def is_over(journal: Journal, asked: Asked) -> bool:
    """Whether the newest session of a key has ended, and its end is committed."""
    newest = views(journal, asked)[-1:]
    return bool(newest) and newest[0].closed is not None and "close" in newest[0].commits


def judge(stand: Stand, asked: Sequence[Asked]) -> list[str]:
    """What is wrong: of the cluster, the journal, git and the Jobs."""
    faults = [each for one in asked for each in _judge_cluster(stand, one)]
    commits = stand.git(
        "log", "--format=%(trailers:key=Session,valueonly)%x1f%(trailers:key=Subtask,valueonly)%x1e"
    )
    made = Counter(tuple(part.strip() for part in each.split("\x1f")) for each in commits.split("\x1e"))
    logs = stand.git("show", "main:logs/LOGS.md")
    with journal_of(stand) as journal:
        for one in asked:
            faults += _judge_session(journal, one, made, logs)
    faults += [f"commit {each} is there {count} times" for each, count in made.items() if each[0] and count > 1]
    return faults


def _judge_cluster(stand: Stand, one: Asked) -> Iterator[str]:
    there = stand.get("deployment", one.deployment, "-n", stand.namespace(one.environment))
    if there["spec"]["replicas"] != 1:
        yield f"{one.deployment} is not scaled: lost"
    if there["metadata"]["generation"] != 2:
        yield f"{one.deployment} was written {there['metadata']['generation'] - 1} times: doubled"


def _judge_session(journal: Journal, one: Asked, made: Counter[tuple[str, ...]], logs: str) -> Iterator[str]:
    sessions = views(journal, one)
    newest = sessions[-1]
    if newest.closed is None or newest.closed.outcome != "done":
        yield f"{one.key} ended otherwise: {newest.closed}"
    receipts = sum(len(view.receipts) for view in sessions)
    if receipts != 1:
        yield f"{one.key} has {receipts} receipts"
    for view in sessions:
        for subtask, sha in view.commits.items():
            if sha and made[view.id, subtask] != 1:
                yield f"{one.key}: commit of {subtask} is there {made[view.id, subtask]} times"
        if f"desk rollback {view.id}/" not in logs and view.receipts:
            yield f"{one.key}: LOGS.md does not tell of its change"


def doubled_jobs(stand: Stand) -> list[str]:
    """Session keys whose Jobs' numbers have a gap, or of which two ran at once."""
    numbers: dict[str, list[int]] = {}
    for each in stand.get("jobs", "-n", stand.jobs)["items"]:
        labels = each["metadata"]["labels"]
        numbers.setdefault(labels["desk.agent/session-key"], []).append(int(labels["desk.agent/number"]))
    return [key for key, found in numbers.items() if sorted(found) != list(range(1, len(found) + 1))]


def tell(stand: Stand) -> str:
    """What a person needs who looks for a fault."""
    events = kubectl("get", "events", "-n", stand.jobs, "--sort-by=.lastTimestamp")[-3000:]
    jobs = kubectl("get", "jobs", "-n", stand.jobs)
    return f"{jobs}\n{events}"
