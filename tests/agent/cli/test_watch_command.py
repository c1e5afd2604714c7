"""desk watch as a process: what is missing is said, what is due is sent, and no secret is told anywhere."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from tests import forked
from tests.agent.humans.people import asked, request
from tests.agent.humans.servers import APP_TOKEN, BOT_TOKEN, ROUTING_KEY, Services, served

TEAMS_SECRET = "played-secret-of-teams"
ENDS_WITHIN_S = 120


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with served() as three:
        yield three


def desk(root: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    process = forked.start(arguments, cwd=root, env={**os.environ, **env})
    out, err = process.communicate(ENDS_WITHIN_S)
    return process.wait(), out, err


def row_in(root: Path) -> str:
    with contextlib.closing(Journal(SqliteStore(root / ".desk/journal.db"), Redactor())) as journal:
        return asked(journal, request("CRITICAL"), datetime.now(UTC))


def test_without_a_channel_it_says_what_each_lacks(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("")
    code, _, err = desk(tmp_path, "watch")
    assert code == 2
    for said in ("slack lacks DESK_SLACK_BOT_TOKEN", "teams lacks DESK_TEAMS_WEBHOOK_URL", "docs/approvals.md"):
        assert said in err
    (tmp_path / "desk.yaml").write_text("channels: {slack_channel: general}")
    code, _, err = desk(tmp_path, "watch")
    assert (code, "channels in" in err, "slack_channel" in err) == (2, True, True)


def test_what_is_due_is_sent_and_no_secret_is_told(tmp_path: Path, services: Services) -> None:
    (tmp_path / "desk.yaml").write_text(
        f"channels: {{slack_channel: C0DESK, slack_api: '{services.slack}', pagerduty_api: '{services.pagerduty}'}}"
    )
    row = row_in(tmp_path)
    secrets = {
        "DESK_SLACK_BOT_TOKEN": BOT_TOKEN,
        "DESK_SLACK_APP_TOKEN": APP_TOKEN,
        "DESK_TEAMS_WEBHOOK_URL": services.teams,
        "DESK_PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
    }
    services.faults["slack"].append("refused")
    once = ("watch", "--once", "--log-level", "debug")
    said = [desk(tmp_path, *once, **secrets)]
    said += [desk(tmp_path, *once, "-o", "jsonl", **secrets)]
    assert [code for code, _, _ in said] == [0, 0]
    assert f"{row}  slack: ask failed: Slack says channel_not_found" in said[0][1]
    events = [json.loads(line) for line in said[1][1].splitlines()]
    assert ("notice_sent", "teams") in [(each["type"], each["body"]["channel"]) for each in events]
    assert len(services.cards) == 1
    secret = (BOT_TOKEN, APP_TOKEN, TEAMS_SECRET, ROUTING_KEY)
    told = "".join(out + err for _, out, err in said) + (tmp_path / ".desk/journal.db").read_bytes().decode(
        "latin-1"
    )
    assert [each for each in secret if each in told] == []


def test_a_token_that_slack_does_not_take_is_said_at_once(tmp_path: Path, services: Services) -> None:
    (tmp_path / "desk.yaml").write_text(f"channels: {{slack_channel: C0DESK, slack_api: '{services.slack}'}}")
    wrong = {"DESK_SLACK_BOT_TOKEN": BOT_TOKEN, "DESK_SLACK_APP_TOKEN": "xapp-1-wrong"}
    code, _, err = desk(tmp_path, "watch", **wrong)
    assert (code, "Slack says invalid_auth to what DESK_SLACK_APP_TOKEN has" in err, "xapp-1-wrong" in err) == (
        2,
        True,
        False,
    )


def test_it_ends_in_order_when_it_is_told_to(tmp_path: Path, services: Services) -> None:
    (tmp_path / "desk.yaml").write_text(f"channels: {{slack_channel: C0DESK, slack_api: '{services.slack}'}}")
    row = row_in(tmp_path)
    env = {**os.environ, "DESK_SLACK_BOT_TOKEN": BOT_TOKEN, "DESK_SLACK_APP_TOKEN": APP_TOKEN}
    process = forked.start(["watch"], cwd=tmp_path, env=env)
    until = time.monotonic() + ENDS_WITHIN_S
    while not services.cards_of(row):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(ENDS_WITHIN_S)
    assert (process.wait(), err) == (0, "")
    assert f"{row}  slack: ask" in out
