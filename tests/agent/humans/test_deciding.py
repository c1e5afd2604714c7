"""One way to decide a row: who may, who may not, and of many at once exactly one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from agent.errors import ApprovalRefused
from agent.humans.approvers import Approvers, Identity, KubernetesUser, OidcSubject, SlackUser
from agent.humans.deciding import Decided, Decider, Verdict, changed_since, decide
from agent.journal.approvals import load
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from tests.agent.humans.people import APPROVERS, CHANGE, NOW, OBJECT, Played, asked, request
from tools.changes.build import patch_change
from tools.cluster.client import Cluster
from tools.cluster.connect import Where, connect

ANA, BEN, RITA, VIC = (SlackUser("T1", f"U{number}") for number in (1, 2, 3, 4))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(SqliteStore(tmp_path / "journal.db"), Redactor(), now=lambda: NOW)
    yield opened
    opened.close()


def of(identity: Identity, cluster: Played | None = None, *, own: bool = False) -> Decider:
    return Decider(identity, "slack", cast("Cluster", cluster or Played()), is_own_login=own)


def decided(
    journal: Journal,
    row: str,
    decider: Decider,
    verdict: Verdict = "approved",
    known: Approvers | None = APPROVERS,
    now: datetime = NOW,
    **more: Any,
) -> Decided:
    return decide(journal, row, verdict, decider, known, now, **more)


def test_who_is_mapped_and_may_make_the_change_decides(journal: Journal) -> None:
    cluster = Played()
    done = decided(journal, asked(journal), of(BEN, cluster), reason="fine", digest="d" * 64)
    assert (done.row.status, done.row.approver, done.row.reason, done.by) == ("approved", "ben", "fine", "ben")
    assert cluster.asked_groups == [("payments", "system:authenticated")]
    (entry,) = journal.entries(types=("approval_decided",))
    assert (entry.body["approver"], entry.body["channel"]) == ("ben", "slack")
    assert journal.verify() == 3


@pytest.mark.parametrize(
    ("decider", "known", "said"),
    [
        (of(SlackUser("T2", "U1")), APPROVERS, "Slack's T2/U1 is nobody in approvers.yaml"),
        (of(SlackUser("T1", "U9")), APPROVERS, "is nobody in approvers.yaml"),
        (of(OidcSubject("https://evil.example.com", "ana")), APPROVERS, "is nobody in approvers.yaml"),
        (
            of(KubernetesUser("mallory"), Played("mallory"), own=True),
            APPROVERS,
            "mallory is nobody in approvers.yaml",
        ),
        (of(ANA), None, "no approvers.yaml, which says who Slack's T1/U1 is"),
        (of(KubernetesUser("ana")), None, "no approvers.yaml"),
        (of(RITA), APPROVERS, "rita asked for this change and cannot approve it"),
        (of(KubernetesUser("rita"), Played("rita"), own=True), None, "rita asked for this change and cannot"),
        (of(VIC), APPROVERS, "no rule by which vic decides change in staging"),
        (of(ANA, Played(rights={})), APPROVERS, "ana may not patch deployments/checkout in shop-staging and so"),
        (of(KubernetesUser("bob"), Played("bob"), own=True), None, "bob may not patch deployments/checkout"),
        (
            of(ANA, Played(tells=False)),
            APPROVERS,
            "does not tell Desk what ana may do.*desk approvals approve apr-",
        ),
        (of(ANA, Played(fingerprint="sha256:theirs")), APPROVERS, "of another cluster than the session's"),
    ],
)
def test_who_may_not_decide(journal: Journal, decider: Decider, known: Approvers | None, said: str) -> None:
    row = asked(journal)
    with pytest.raises(ApprovalRefused, match=said):
        decided(journal, row, decider, known=known)
    assert load(journal, row).status == "pending"


def test_without_the_file_the_clusters_word_counts_at_a_terminal(journal: Journal) -> None:
    mine = of(KubernetesUser("ana"), Played("ana"), own=True)
    assert decided(journal, asked(journal), mine, known=None).row.approver == "ana"


def test_each_change_has_to_be_theirs(journal: Journal) -> None:
    other = replace(CHANGE, target=replace(CHANGE.target, name="cart"))
    row = asked(journal, request(changes=(CHANGE, other)))
    with pytest.raises(ApprovalRefused, match="ana may not patch deployments/cart in shop-staging"):
        decided(journal, row, of(ANA))


def test_the_requester_withdraws_and_a_stranger_does_not_reject(journal: Journal) -> None:
    first = asked(journal)
    with pytest.raises(ApprovalRefused, match="is nobody in"):
        decided(journal, first, of(SlackUser("T1", "U9")), "rejected")
    assert decided(journal, first, of(RITA), "rejected").row.status == "rejected"


def test_a_row_of_the_sandbox_is_nobodys(journal: Journal) -> None:
    with pytest.raises(ApprovalRefused, match="ran in the sandbox"):
        decided(journal, asked(journal, sandbox=True), of(ANA))


@pytest.mark.parametrize("live", [{**OBJECT, "spec": {"replicas": 9}}, None])
def test_a_changed_target_is_never_approved_and_asked_for_anew(
    journal: Journal, live: dict[str, Any] | None
) -> None:
    row = asked(journal)
    with pytest.raises(ApprovalRefused, match=r"was changed since this was asked.*see the new request"):
        decided(journal, row, of(ANA, Played(object=live)))
    assert load(journal, row).status == "superseded"
    with pytest.raises(ApprovalRefused, match="asked for no longer: the target has changed"):
        decided(journal, row, of(ANA))


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
def test_late_is_too_late_and_nobodys_refusal(journal: Journal, verdict: Verdict) -> None:
    row = asked(journal)
    with pytest.raises(ApprovalRefused, match="expired: nobody answered in time"):
        decided(journal, row, of(ANA), verdict, now=NOW + timedelta(minutes=60))
    assert (load(journal, row).status, load(journal, row).approver) == ("expired", "")


def test_what_was_shown_has_to_be_what_is_asked(journal: Journal) -> None:
    row = asked(journal)
    with pytest.raises(ApprovalRefused, match=r"not what .* asks for"):
        decided(journal, row, of(ANA), digest="e" * 64)
    assert load(journal, row).status == "pending"


def test_a_second_click_changes_nothing(journal: Journal) -> None:
    row = asked(journal)
    decided(journal, row, of(ANA))
    with pytest.raises(ApprovalRefused, match="is approved by ana and cannot be decided again"):
        decided(journal, row, of(BEN), "rejected")
    assert load(journal, row).status == "approved"


def test_of_fifty_at_once_exactly_one_decides(journal: Journal) -> None:
    row = asked(journal)

    def click(number: int) -> str:
        try:
            verdict: Verdict = "approved" if number % 2 else "rejected"
            return decided(journal, row, of((ANA, BEN)[number % 4 // 2]), verdict).row.status
        except ApprovalRefused:
            return ""

    with ThreadPoolExecutor(50) as pool:
        won = [each for each in pool.map(click, range(50)) if each]
    assert won == [load(journal, row).status]
    assert len(list(journal.entries(types=("approval_decided",)))) == 1


def test_a_secret_takes_two_people(journal: Journal) -> None:
    row = asked(journal, request(risk="secret"))
    first = decided(journal, row, of(ANA))
    assert (first.row.status, first.by) == ("pending", "ana")
    with pytest.raises(ApprovalRefused, match=r"ana has approved .* already: a second person has to"):
        decided(journal, row, of(KubernetesUser("ana"), Played("ana"), own=True))
    done = decided(journal, row, of(BEN))
    assert (done.row.status, done.row.approver) == ("approved", "ana, ben")
    assert journal.verify() == 4


def test_one_person_is_enough_to_reject_a_secret(journal: Journal) -> None:
    row = asked(journal, request(risk="secret"))
    decided(journal, row, of(ANA))
    assert decided(journal, row, of(BEN), "rejected").row.status == "rejected"


def test_a_target_that_changed_since_is_named(journal: Journal) -> None:
    with Sandbox() as sandbox:
        cluster = connect(Where(document=sandbox.kubeconfig()))
        live = cluster.get("deployment", "checkout", "shop-staging")
        change = patch_change(cluster.find("deployment").plural, live, {"spec": {"replicas": 2}})
        row = load(journal, asked(journal, request(changes=(change,))))
        assert changed_since(row, cluster) == []
        cluster.patch(change.target, {"metadata": {"annotations": {"team": "shop"}}})
        assert changed_since(row, cluster) == [change.target]
