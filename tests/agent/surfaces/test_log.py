"""The log: who operates many sessions reads it beside the documents, which it leaves as they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.redaction import MARK, Redactor
from agent.surfaces import log
from tests.agent.conftest import RunDesk
from tests.agent.model.claude.claude_bench import KEY, call, done
from tests.messages_api.script import Fault, Turn
from tests.messages_api.server import MessagesServer

TASK = "why is catalog not starting in shop-dev?"
LOOK = Turn(calls=(call("diagnose", namespace="shop-dev", name="catalog"),))
BUSY = Turn(calls=LOOK.calls, faults=(Fault(status=529),))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_session_as_json_lines_beside_its_document(workspace: Path, run_desk: RunDesk) -> None:
    with MessagesServer([BUSY, LOOK, done("No such tag.")]) as server:
        env = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url, "DESK_LOG_LEVEL": "debug"}
        task = ("run", "--sandbox", "--workspace", workspace, "-o", "json", "--log-format", "json", TASK)
        done_ = run_desk(*task, env=env)
    assert done_.returncode == 0, done_.stderr
    document = json.loads(done_.stdout)
    logged = lines(done_.stderr)
    assert {line["session"] for line in logged if "session" in line} == {document["session"]}
    by_message = {line["message"]: line for line in logged}
    turn = by_message["model turn"]
    assert (turn["model"], turn["level"]) == ("claude-sonnet-5-5", "info")
    assert turn["input_tokens"] + turn["output_tokens"] > 0
    assert turn["duration_ms"] >= 0
    again = next(line for line in logged if line["message"].startswith("the model is asked again"))
    assert again["wait_s"] > 0
    request = by_message["GET /version"]
    assert (request["level"], request["status"], request["ms"] >= 0) == ("debug", 200, True)
    assert [line["node"] for line in logged if line["message"] == "step"][:4] == ["orient", "think", "gate", "act"]
    assert by_message["call gated"]["tool"] in ("diagnose", "finish")
    assert len(by_message["committed"]["sha"]) == 40
    assert by_message["session closed"]["outcome"] == "done"
    assert {"lease taken", "lease let go"} <= set(by_message)
    assert KEY not in done_.stderr


def test_without_a_level_nothing_is_logged_and_a_level_bounds_it(workspace: Path, run_desk: RunDesk) -> None:
    here = ("call", "list", "--json", '{"kind": "nodes"}', "--sandbox", "--workspace", workspace, "-o", "json")
    assert run_desk(*here).stderr == ""
    assert run_desk(*here, "--log-level", "warning").stderr == ""
    text = run_desk(*here, "--log-level", "info").stderr
    assert " INFO " in text
    assert 'tool result call_id="call_1" tool="list" ok=true' in text
    assert "DEBUG" not in text
    failed = run_desk("run", "why", "--kubeconfig", "/none", "--workspace", workspace, "--log-level", "error")
    assert failed.returncode == 2
    assert [line[:6] for line in failed.stderr.splitlines() if " ERROR " not in line] == ["error:"]


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was before."""
    root = logging.getLogger()
    own = [logging.getLogger(name) for name in log.OWN]
    before = {each: (each.level, list(each.handlers)) for each in (root, *own)}
    yield root
    for each, (level, handlers) in before.items():
        each.setLevel(level)
        each.handlers = handlers


def test_secrets_are_masked_and_libraries_kept_in_bounds(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("debug", "json")
    log.configure("debug", "json")  # the newest alone holds
    log.begin("20261129-101112-abcdef", Redactor(("s3cr3t-of-the-cluster",)))
    own = logging.getLogger("tools.cluster.client")
    own.debug("GET /api/v1/x", extra={"status": 200, "error": "token s3cr3t-of-the-cluster is refused"})
    own.info("psql postgresql://kim:hunter2-9Kd8Qq@db/shop", extra={"password": "hunter2-9Kd8Qq"})
    logging.getLogger("kubernetes.client.rest").debug("response body: everything")
    logging.getLogger("urllib3.connectionpool").warning("Retrying\x1b[31m")
    told = capsys.readouterr()
    logged = lines(told.err)
    assert told.out == ""
    assert [line["logger"] for line in logged] == [
        "tools.cluster.client",
        "tools.cluster.client",
        "urllib3.connectionpool",
    ]
    assert "s3cr3t" not in told.err
    assert "hunter2" not in told.err
    assert logged[1]["password"] == MARK
    log.configure("error", "text")
    logging.getLogger("urllib3.connectionpool").warning("not now")
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("no\nline of its own \x1b[31m")
    log.failed(caught.value, is_bug=True)
    said = capsys.readouterr().err
    assert said.count(" ERROR ") == 1
    assert "Traceback" in said
    assert "\x1b" not in said
