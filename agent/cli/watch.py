"""watch: asks people in their channels for what waits, reminds them, and pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from agent.cli.help import Command
from agent.cli.options import common, settings
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.journal.journal import Entry


@click.command(cls=Command)
@click.option("--once", is_flag=True, help="Send what is due now, and end: for a CronJob.")
@common
def watch(once: bool, **given: Any) -> None:
    """Ask people in Slack, Teams and PagerDuty for what waits.

    It reminds them, pages, and tells how it was decided. Several at once send each thing once. What is set up, and
    what is missing: desk doctor.
    """
    from agent.app import watch as run

    configured = settings(given)

    def say(entry: Entry) -> None:
        """What was sent, and what was not; as JSON the journal's events, a line each."""
        if configured.output != "text":
            click.echo(json.dumps(entry.to_json(), ensure_ascii=True))
        elif (line := _line(entry.type, entry.body)) is not None:
            click.echo(plain(f"{entry.at[:19]}  {line}"))

    run(configured, say, once=once)


def _line(kind: str, body: dict[str, Any]) -> str | None:
    match kind:
        case "notice_sent":
            return f"{body['about']}  {body['channel']}: {body['kind']}"
        case "notice_failed":
            return f"{body['about']}  {body['channel']}: {body['kind']} failed: {body['text']}"
        case "approval_decided" | "first_approval":
            return f"{body['approval_id']}  {body.get('decision', 'approved by one of two')}"
        case _:
            return None
