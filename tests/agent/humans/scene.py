"""A journal, a clock that is set, and the channels: what a test of the clock or of clicks stands in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from agent.gate.policy import Priority
from agent.humans.approvers import KubernetesUser
from agent.humans.clicks import Clicks
from agent.humans.deciding import Decided, Decider, Verdict, decide
from agent.humans.pagerduty import PagerDuty
from agent.humans.port import Notifier
from agent.humans.slack import Slack, connect
from agent.humans.teams import Teams
from agent.humans.watch import Watch
from agent.journal import approvals
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from tests.agent.humans.people import APPROVERS, NOW, Played, asked, request
from tests.agent.humans.servers import BOT_TOKEN, ROUTING_KEY, Posted, Services
from tools.cluster.client import Cluster

CHANNEL = "C0DESK"
PAGE = "https://desk.example.com"
APPROVERS_YAML = """
people:
  ana: {kubernetes: ana, slack: T1/U1}
  ben: {kubernetes: ben, slack: T1/U2}
  rita: {kubernetes: rita, slack: T1/U3}
  vic: {kubernetes: vic, slack: T1/U4}
rules:
  - {classes: [provision, change, secret, delete], environments: [dev, test, staging], people: [ana, ben, rita]}
second_person: [secret]
"""


class Scene:
    """One workspace and its channels. `minutes` after NOW is what every clock says."""

    def __init__(self, root: Path, services: Services, *, page: str = PAGE) -> None:
        self.root, self.services, self.page = root, services, page
        self.minutes = 0.0
        (root / "approvers.yaml").write_text(APPROVERS_YAML)
        self.journal = self.opened()
        self.cluster = Played()

    def opened(self) -> Journal:
        return Journal(SqliteStore(self.root / "journal.db"), Redactor(), now=self.now)

    def now(self) -> datetime:
        return NOW + timedelta(minutes=self.minutes)

    def channels(self, *names: str, timeout_s: float = 1.0) -> list[Notifier]:
        served = self.services
        every: dict[str, Notifier] = {
            "slack": self.slack(timeout_s),
            "teams": Teams(served.teams, timeout_s=timeout_s),
            "pagerduty": PagerDuty(ROUTING_KEY, served.pagerduty, timeout_s=timeout_s),
        }
        return [every[name] for name in names or ("slack", "pagerduty")]

    def slack(self, timeout_s: float = 5.0) -> Slack:
        return Slack(connect(BOT_TOKEN, self.services.slack, timeout_s=timeout_s), CHANNEL)

    def watch(self, *names: str, journal: Journal | None = None) -> Watch:
        return Watch(journal or self.journal, self.channels(*names), self.now, page_url=self.page)

    def clicks(self) -> Clicks:
        return Clicks(self.journal, self.root, self.slack(), lambda: cast("Cluster", self.cluster), self.now)

    def asked(self, priority: Priority = "HIGH", **other: Any) -> str:
        return asked(
            self.journal, request(priority, **other), self.now(), session=f"s-{len(self.journal.sessions())}"
        )

    def decided(self, row: str, verdict: Verdict = "approved", user: str = "ana") -> Decided:
        """By somebody at a terminal."""
        who = Decider(KubernetesUser(user), "terminal", cast("Cluster", Played(user)), is_own_login=True)
        return decide(self.journal, row, verdict, who, APPROVERS, self.now())

    def used(self, row: str) -> None:
        with self.journal.transaction() as transaction:
            approvals.use(transaction, approvals.load(self.journal, row).session, row)

    def status(self, row: str) -> str:
        return approvals.load(self.journal, row).status

    def card(self, row: str) -> Posted:
        (card,) = self.services.cards_of(row)
        return card

    def notices(self, row: str, kind: str) -> Sequence[dict[str, Any]]:
        return [entry.body for entry in self.journal.entries(row, (kind,))]


def payload(
    row: str, user: str = "U1", verb: str = "approve", *, team: str = "T1", digest: str = "d" * 64, at: str = "1.1"
) -> dict[str, Any]:
    """A click, as Slack delivers it."""
    value = json.dumps({"approval": row, "digest": digest})
    return {
        "type": "block_actions",
        "team": {"id": team, "domain": "played"},
        "user": {"id": user, "username": "ana", "name": "ana", "team_id": team},
        "container": {"type": "message", "message_ts": "1.0", "channel_id": CHANNEL},
        "actions": [
            {"action_id": f"{verb}_{row}", "block_id": "b", "type": "button", "value": value, "action_ts": at}
        ],
    }
