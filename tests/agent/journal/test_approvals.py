"""A durable row is asked once, decided once by somebody who may, and used once, before it is too late."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ApprovalRefused, AskedAlready, UsageError
from agent.gate.policy import (
    Decision,
    Environment,
    Priority,
    Verdict,
)
from agent.journal import stores
from agent.journal.approvals import (
    Request,
    ask,
    decide,
    expire,
    listing,
    load,
    of_call,
    use,
)
from agent.journal.events import ApprovalDecided
from agent.journal.journal import Journal
from agent.redaction import Redactor
from tests.postgres import Server
from tools.changes.plan import Change
from tools.cluster.resources import ObjectRef

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
CHANGE = Change(
    target=ObjectRef("apps/v1", "Deployment", "shop-staging", "checkout"),
    resource="deployments",
    body={"spec": {"replicas": 2}},
    undo={"spec": {"replicas": 1}},
    uid="u1",
    resource_version="7",
    version="v1",
)


def decision_of(priority: Priority) -> Decision:
    return Decision(Verdict.ASK, "needs a person's approval", Environment.STAGING, priority)


REQUEST = Request(
    call_id="c1",
    tool="set_resources",
    arguments={"name": "checkout", "memory_limit": "64Mi"},
    digest="d1",
    changes=(CHANGE,),
    summary="raise the limit",
    diff="-16Mi\n+64Mi",
    risk="change",
    decision=decision_of("HIGH"),
    requester="alice",
)


@pytest.fixture(params=["file", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """A database's address; None: a file in the folder of the test."""
    if request.param == "file":
        return None
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def opens(where: str | None, tmp_path: Path) -> Iterator[Callable[[], Journal]]:
    """Opens the journal, as another process would."""
    with contextlib.ExitStack() as stack:

        def opened() -> Journal:
            store = stores.opened(tmp_path, where)
            stack.callback(store.close)
            return Journal(store, Redactor(), now=lambda: NOW)

        yield opened


@pytest.fixture
def journal(opens: Callable[[], Journal]) -> Journal:
    return opens()


def asked(journal: Journal, request: Request = REQUEST, now: datetime = NOW) -> str:
    return ask(journal, "s1", request, now).approval_id


def decisions(journal: Journal) -> list[ApprovalDecided]:
    return [entry.event for entry in journal.entries() if isinstance(entry.event, ApprovalDecided)]


# --- asked -----------------------------------------------------------------------------------------------


def test_what_is_asked_stands_in_the_row_and_in_the_journal(journal: Journal) -> None:
    approval_id = asked(journal)
    row = load(journal, approval_id)
    assert (row.session, row.status, row.approver, row.reason) == ("s1", "pending", "", "")
    assert [entry.event for entry in journal.entries()] == [row.asked]
    assert (row.asked.summary, row.asked.diff, row.asked.risk) == ("raise the limit", "-16Mi\n+64Mi", "change")
    assert (row.asked.environment, row.asked.priority, row.asked.requester) == ("staging", "HIGH", "alice")
    assert row.asked.targets == [
        {
            "api_version": "apps/v1",
            "kind": "Deployment",
            "namespace": "shop-staging",
            "name": "checkout",
            "resource": "deployments",
            "uid": "u1",
            "resource_version": "7",
            "version": "v1",
            "verb": "patch",
            "system": "kubernetes",
        }
    ]


def test_there_is_no_row_of_that_name(journal: Journal) -> None:
    with pytest.raises(UsageError, match=r"There is no approval apr-0\. `desk approvals list --all`"):
        load(journal, "apr-0")


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"summary": "said otherwise", "diff": "", "requester": "bob"}, True),
        ({"digest": "d2"}, False),
    ],
)
def test_a_row_is_found_by_exactly_what_it_asked_for(journal: Journal, changed: dict[str, Any], same: bool) -> None:
    approval_id = asked(journal)
    found = of_call(journal, "s1", "c1", replace(REQUEST, **changed).digest, NOW)
    assert found == ((approval_id, "pending") if same else None)


def test_a_row_belongs_to_its_session_and_call(journal: Journal) -> None:
    asked(journal)
    assert of_call(journal, "s2", "c1", REQUEST.digest, NOW) is None
    assert of_call(journal, "s1", "c2", REQUEST.digest, NOW) is None


def test_asking_again_supersedes_what_was_asked_before(journal: Journal) -> None:
    first = asked(journal)
    other_call = asked(journal, replace(REQUEST, call_id="c2"))
    newer = replace(REQUEST, digest="d2")
    second = asked(journal, newer)
    assert [row.asked.approval_id for row in listing(journal, NOW)] == [other_call, second]
    assert load(journal, first).status == "superseded"
    assert load(journal, first).reason == "the target has changed since it was asked"
    assert of_call(journal, "s1", "c1", REQUEST.digest, NOW) is None
    assert of_call(journal, "s1", "c1", newer.digest, NOW) == (second, "pending")
    assert [row.status for row in listing(journal, NOW, everything=True)] == ["superseded", "pending", "pending"]


def test_an_approved_row_that_is_asked_anew_allows_nothing(journal: Journal) -> None:
    first = asked(journal)
    decide(journal, first, "approved", "bob", "", NOW)
    asked(journal, replace(REQUEST, digest="d2"))
    with pytest.raises(ApprovalRefused, match="does not allow this any more"), journal.transaction() as transaction:
        use(transaction, "s1", first)
    assert journal.verify() == 4


# --- decided ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", ["approved", "rejected"])
@pytest.mark.parametrize("second", ["approved", "rejected"])
def test_the_first_decision_counts(journal: Journal, decision: str, second: str) -> None:
    approval_id = asked(journal)
    decide(journal, approval_id, decision, "bob", "as agreed", NOW)
    refused = (
        rf"Approval {approval_id} is {decision} by bob \(as agreed\) and cannot be decided again\. `desk resume s1`"
    )
    with pytest.raises(ApprovalRefused, match=refused):
        decide(journal, approval_id, second, "carol", "", NOW)
    row = load(journal, approval_id)
    assert (row.status, row.approver, row.reason) == (decision, "bob", "as agreed")
    assert decisions(journal) == [ApprovalDecided(approval_id, decision, "bob", "as agreed")]
    assert listing(journal, NOW) == []


def at_once(*works: Callable[[], None]) -> list[Exception | None]:
    """Run each in its own thread, all from one starting line; what each raised, or None."""
    start = threading.Barrier(len(works))
    came: list[Exception | None] = [None] * len(works)

    def run(index: int, work: Callable[[], None]) -> None:
        start.wait(10)
        try:
            work()
        except (ApprovalRefused, AskedAlready) as error:
            came[index] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return came


@pytest.mark.parametrize("status", ["pending", "approved"])
def test_the_same_change_is_not_asked_for_twice(journal: Journal, status: str) -> None:
    first = asked(journal)
    if status == "approved":
        decide(journal, first, "approved", "bob", "", NOW)
    with pytest.raises(
        AskedAlready, match=rf"waiting for {first}: raise the limit\. alice asked .* session s1"
    ) as same:
        ask(journal, "s2", replace(REQUEST, requester="carol"), NOW)
    assert (same.value.approval_id, same.value.session, same.value.exit_code) == (first, "s1", 3)
    assert [row.asked.approval_id for row in listing(journal, NOW, everything=True)] == [first]


def test_what_was_rejected_or_is_late_may_be_asked_for_again(journal: Journal) -> None:
    decide(journal, asked(journal), "rejected", "bob", "", NOW)
    second = ask(journal, "s2", REQUEST, NOW).approval_id
    late = NOW + timedelta(hours=2)
    third = ask(journal, "s3", REQUEST, late).approval_id
    assert [row.asked.approval_id for row in listing(journal, late)] == [third]
    assert second != third


def test_of_the_same_change_in_two_sessions_at_once_one_is_asked_for(
    journal: Journal, opens: Callable[[], Journal]
) -> None:
    came = at_once(*(partial(ask, opens(), f"s{n}", REQUEST, NOW) for n in range(4)))  # type: ignore[arg-type]
    assert sorted(type(each).__name__ for each in came) == ["AskedAlready"] * 3 + ["NoneType"]
    assert len(listing(journal, NOW)) == 1


@pytest.mark.parametrize("attempt", range(5))
def test_of_all_who_decide_at_once_one_wins(journal: Journal, opens: Callable[[], Journal], attempt: int) -> None:
    approval_id = asked(journal)
    journals = [opens() for _ in range(6)]

    def decides(index: int) -> Callable[[], None]:
        verdict = ("approved", "rejected")[index % 2]
        return lambda: decide(journals[index], approval_id, verdict, f"person-{index}", "", NOW)

    came = at_once(*(decides(index) for index in range(len(journals))))
    (winner,) = (index for index, error in enumerate(came) if error is None)
    row = load(journal, approval_id)
    assert (row.approver, row.status) == (f"person-{winner}", ("approved", "rejected")[winner % 2])
    assert all(f"by person-{winner} and cannot be decided" in str(error) for error in came if error)
    assert journal.verify() == 2


# --- too late --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("priority", "minutes"), [("CRITICAL", 30), ("HIGH", 60), ("MEDIUM", 60)])
def test_what_nobody_decides_is_rejected_in_time(journal: Journal, priority: Priority, minutes: int) -> None:
    approval_id = asked(journal, replace(REQUEST, decision=decision_of(priority)))
    deadline = NOW + timedelta(minutes=minutes)
    assert load(journal, approval_id).asked.expires_at == deadline.isoformat()
    expire(journal, deadline - timedelta(seconds=1))
    assert load(journal, approval_id).status == "pending"
    expire(journal, deadline)
    expire(journal, deadline + timedelta(days=1))
    assert load(journal, approval_id).status == "expired"
    assert decisions(journal) == [ApprovalDecided(approval_id, "expired", "", "nobody answered in time")]
    assert journal.verify() == 2


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-8))])
def test_the_deadline_knows_the_zone_of_the_clock(journal: Journal, zone: timezone) -> None:
    approval_id = asked(journal, now=NOW.astimezone(zone))
    assert load(journal, approval_id).asked.expires_at == "2025-06-01T13:00:00+00:00"
    expire(journal, (NOW + timedelta(minutes=59)).astimezone(zone))
    assert load(journal, approval_id).status == "pending"
    expire(journal, (NOW + timedelta(minutes=60)).astimezone(zone))
    assert load(journal, approval_id).status == "expired"


def test_too_late_is_too_late_for_approving(journal: Journal) -> None:
    approval_id = asked(journal)
    with pytest.raises(ApprovalRefused, match=r"is expired: nobody answered in time and cannot be decided again"):
        decide(journal, approval_id, "approved", "bob", "", NOW + timedelta(minutes=61))
    assert load(journal, approval_id).status == "expired"


def test_an_approval_given_in_time_does_not_expire(journal: Journal) -> None:
    approval_id = asked(journal)
    decide(journal, approval_id, "approved", "bob", "", NOW)
    expire(journal, NOW + timedelta(days=1))
    assert load(journal, approval_id).status == "approved"


# --- used ------------------------------------------------------------------------------------------------


def test_an_approval_that_nobody_used_in_time_counts_no_more(journal: Journal) -> None:
    approval_id = asked(journal)
    decide(journal, approval_id, "approved", "bob", "", NOW)
    assert of_call(journal, "s1", "c1", REQUEST.digest, NOW) == (approval_id, "approved")
    assert of_call(journal, "s1", "c1", REQUEST.digest, NOW + timedelta(minutes=61)) is None


def test_an_approved_row_is_used_with_the_intent_it_allows(journal: Journal) -> None:
    approval_id = asked(journal)
    decide(journal, approval_id, "approved", "bob", "", NOW)
    with pytest.raises(LookupError), journal.transaction() as transaction:
        use(transaction, "s1", approval_id)
        raise LookupError
    assert load(journal, approval_id).status == "approved"
    with journal.transaction() as transaction:
        use(transaction, "s1", approval_id)
    assert load(journal, approval_id).status == "used"
    assert of_call(journal, "s1", "c1", REQUEST.digest, NOW) == (approval_id, "used")
    with pytest.raises(ApprovalRefused, match="is used by bob and cannot be decided again"):
        decide(journal, approval_id, "rejected", "carol", "", NOW)


def leave(journal: Journal, approval_id: str) -> None:
    """Nobody does anything."""


def reject(journal: Journal, approval_id: str) -> None:
    decide(journal, approval_id, "rejected", "bob", "", NOW)


def be_late(journal: Journal, approval_id: str) -> None:
    expire(journal, NOW + timedelta(days=1))


@pytest.mark.parametrize("before", [leave, reject, be_late])
def test_what_is_not_approved_cannot_be_used(journal: Journal, before: Callable[[Journal, str], None]) -> None:
    approval_id = asked(journal)
    before(journal, approval_id)
    status = load(journal, approval_id).status
    refused = rf"Approval {approval_id} does not allow this any more\. Resume, to ask anew"
    with pytest.raises(ApprovalRefused, match=refused), journal.transaction() as transaction:
        use(transaction, "s1", approval_id)
    assert load(journal, approval_id).status == status


def test_another_session_cannot_use_it(journal: Journal) -> None:
    approval_id = asked(journal)
    decide(journal, approval_id, "approved", "bob", "", NOW)
    with pytest.raises(ApprovalRefused), journal.transaction() as transaction:
        use(transaction, "s2", approval_id)
