"""What is asked for over HTTP as Kubernetes Jobs of a real cluster: made, seen to end, made again, stopped."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.dispatch.dispatcher import Dispatcher
from agent.journal.events import SessionRequested
from agent.journal.journal import Journal
from agent.journal.requests import Requests, accept
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from agent.settings import DispatchSettings
from agent.web.api import jobs
from agent.web.api.jobs import Jobs
from agent.web.api.launching import Ended
from tests.cluster.conftest import KUBECONFIG, kubectl
from tools.cluster.connect import Where, connect

pytestmark = pytest.mark.cluster

KEY = "T-1 $(HOME)"


@pytest.fixture
def dispatcher(tmp_path: Path) -> Iterator[Dispatcher]:
    """Of Jobs whose image is nowhere, in a namespace of their own."""
    namespace = f"desk-api-jobs-{secrets.token_hex(3)}"
    kubectl("create", "namespace", namespace)
    settings = DispatchSettings(image="desk/nowhere:1", repository="https://git.example.com/x", namespace=namespace)
    with contextlib.closing(Journal(SqliteStore(tmp_path / "journal.db"), Redactor())) as journal:
        yield Dispatcher(settings, connect(Where(KUBECONFIG)), journal)
    kubectl("delete", "namespace", namespace, "--wait=false")


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.3)


def test_a_request_is_a_job_at_a_time(dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOOKS_EVERY_S", 0.0)
    asked = SessionRequested(KEY, "s1", "look", "shop", "ana", read_only=True)
    accept(dispatcher.journal, Requests(dispatcher.journal), asked, lambda _: None)
    launcher = Jobs(dispatcher)
    first = launcher.launch(KEY)
    assert launcher.launch(KEY) == first
    name = first.removeprefix("job.batch/").partition(" ")[0]
    made = json.loads(kubectl("get", "job", name, "-n", dispatcher.namespace, "-o", "json"))
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["args"] == [
        "run", "--as-job", "--namespace", "shop", "--read-only",
        "--session-key", KEY.replace("$", "$$"), "--", "look",
    ]  # fmt: skip
    anew = Jobs(dispatcher)  # of a server that was started anew
    assert (anew.ended(), anew.holds(KEY)) == ([], True)
    patch = json.dumps({"spec": {"activeDeadlineSeconds": 1}})
    kubectl("patch", "job", name, "-n", dispatcher.namespace, "-p", patch)
    ended: list[Ended] = []

    def is_told() -> bool:
        ended.extend(anew.ended())
        return bool(ended)

    until(is_told)
    assert [(each.session_key, each.exit_code) for each in ended] == [(KEY, 1)]
    assert "DeadlineExceeded" in ended[0].said
    assert (anew.ended(), anew.holds(KEY)) == ([], False)
    assert anew.launch(KEY) == first.replace(f"{name} ", f"{name.removesuffix('-1')}-2 ")

    def is_stopped() -> bool:
        """It is told again and again, for a Job whose status has just changed is not deleted."""
        anew.stop(KEY, 0)
        return not anew.ended() and not anew.holds(KEY)

    until(is_stopped)
