"""A click in Slack, by what a real cluster says of who clicked (SubjectAccessReview), from asking to the effect."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agent.humans.clicks import Clicks
from agent.humans.slack import Slack, connect
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from tests.agent.humans.scene import payload
from tests.agent.humans.servers import BOT_TOKEN, served
from tests.cluster.conftest import Workspace, kubectl, memory_limit
from tests.cluster.test_acceptance import fix
from tools.cluster.connect import Where
from tools.cluster.connect import connect as connected

pytestmark = pytest.mark.cluster

KubeconfigOf = Callable[[str, str], str]
PEOPLE = """
people:
  ana: {kubernetes: ana, slack: T1/U1}
  ben: {kubernetes: ben, groups: [team], slack: T1/U2}
  cleo: {kubernetes: cleo, slack: T1/U3}
rules:
  - {classes: [change], environments: [staging], people: [ana, ben, cleo]}
"""


def test_a_click_counts_by_what_the_cluster_says_of_who_clicked(
    workspace: Workspace, broken: Callable[[str], str], kubeconfig_of: KubeconfigOf
) -> None:
    namespace = broken("staging")
    kubectl("create", "rolebinding", "ana", "--clusterrole=view", "--user=ana", "-n", namespace)
    kubectl("create", "rolebinding", "team", "--clusterrole=edit", "--group=team", "-n", namespace)
    (workspace.root / "approvers.yaml").write_text(PEOPLE)
    assert workspace.desk("run", fix(namespace)).returncode == 3
    (row,) = workspace.approvals()
    logins = {role: kubeconfig_of(namespace, role) for role in ("edit", "admin")}
    with served() as services, contextlib.closing(_journal(workspace)) as journal:

        def click(user: str, role: str, at: str) -> str:
            """What a click is answered while Desk itself has this role in the namespace."""
            login = logins[role]
            slack = Slack(connect(BOT_TOKEN, services.slack), "C0DESK")
            clicks = Clicks(
                journal, workspace.root, slack, lambda: connected(Where(login)), lambda: datetime.now(UTC)
            )
            clicks.handle(payload(row["id"], user, digest=_digest(journal), at=at))
            return str(services.whispers[-1]["text"])

        assert "The cluster does not tell Desk what ben may do" in click("U2", "edit", "1")
        assert "ana may not patch deployments/checkout" in click("U1", "admin", "2")
        assert "cleo may not patch deployments/checkout" in click("U3", "admin", "3")
        assert workspace.desk("resume").returncode == 3
        assert click("U2", "admin", "4").startswith("Approved as ben.")
    assert workspace.desk("resume").returncode == 0
    assert memory_limit(namespace) != "16Mi"
    assert "Approved-By: ben" in workspace.git("log", "--format=%(trailers)")
    assert workspace.desk("journal", "verify").returncode == 0


def _journal(workspace: Workspace) -> Journal:
    return Journal(SqliteStore(workspace.root / ".desk/journal.db"), Redactor())


def _digest(journal: Journal) -> str:
    return next(str(entry.body["digest"]) for entry in journal.entries(types=("approval_asked",)))
