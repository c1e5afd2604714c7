"""The clock: who is asked, reminded and paged when, each once, whatever clocks, processes and channels do."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.gate.policy import PAGE_AFTER_MIN, REMIND_AFTER_MIN, Priority
from tests.agent.humans.people import asked, request
from tests.agent.humans.scene import Scene
from tests.agent.humans.servers import Services, served

TIMES: dict[Priority, tuple[int, int | None, int]] = {
    "CRITICAL": (5, 10, 30),
    "HIGH": (15, 30, 60),
    "MEDIUM": (30, None, 60),
}
"""When people are reminded, somebody is paged, and it is over, in minutes."""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with served() as both:
        yield both
        assert both.wrong == []


@pytest.fixture
def scene(tmp_path: Path, services: Services) -> Iterator[Scene]:
    services.messages.clear()
    services.cards.clear()
    services.events.clear()
    services.alerts.clear()
    opened = Scene(tmp_path, services)
    yield opened
    opened.journal.close()


def counts(scene: Scene, row: str) -> tuple[int, int, int, int]:
    """How often it was asked, reminded, paged and expired."""
    cards = scene.services.cards_of(row)
    reminders = sum(len(scene.services.replies(card)) for card in cards)
    pages = sum(each["event_action"] == "trigger" for each in scene.services.events)
    expired = [e for e in scene.journal.entries(types=("approval_decided",)) if e.body["decision"] == "expired"]
    return len(cards), reminders, pages, len(expired)


@pytest.mark.parametrize("priority", TIMES)
def test_the_table_minute_by_minute(scene: Scene, priority: Priority) -> None:
    remind, page, over = TIMES[priority]
    row, watch = scene.asked(priority), scene.watch()
    for minute in range(over + 3):
        scene.minutes = minute
        watch.tick()
        expected = (1, minute >= remind, page is not None and minute >= page, minute >= over)
        assert counts(scene, row) == expected, minute
    card = scene.card(row)
    assert "Expired: nobody answered in time" in card.text
    assert "ejected" not in card.text
    assert (card.button("approve"), card.button("reject")) == (None, None)
    assert scene.services.alerts == ({row: "triggered"} if page else {})


@pytest.mark.parametrize("priority", TIMES)
@pytest.mark.parametrize("at", [0.5, 4.9, 5, 9.9, 11, 29, 31])
@pytest.mark.parametrize("step", [60, -60])
def test_a_clock_that_steps_by_an_hour(scene: Scene, priority: Priority, at: float, step: int) -> None:
    row, watch = scene.asked(priority), scene.watch()
    watch.tick()
    scene.minutes = at
    watch.tick()
    for minute in range(0, 130, 5):
        scene.minutes = at + step + minute
        watch.tick()
    assert counts(scene, row) == (1, 1, priority in PAGE_AFTER_MIN, 1)


def test_whoever_decides_anywhere_every_card_tells_it(scene: Scene) -> None:
    row, watch = scene.asked("CRITICAL"), scene.watch("slack", "teams", "pagerduty")
    watch.tick()
    card = scene.card(row)
    assert card.button("approve") and card.button("reject")
    scene.minutes = 11
    watch.tick()
    scene.decided(row)
    watch.tick()
    assert "Approved by ana" in card.text
    assert card.button("approve") is None
    assert scene.services.alerts == {row: "acknowledged"}
    scene.used(row)
    watch.tick()
    assert "and used" in card.text
    assert scene.services.alerts == {row: "resolved"}
    scene.minutes = 29
    watch.tick()
    watch.tick()
    assert counts(scene, row) == (1, 1, 1, 0)
    assert len(card.updates) == 2
    assert scene.services.cards == []


def test_what_is_rejected_or_changed_is_told_and_paged_no_more(scene: Scene) -> None:
    first, second = scene.asked("CRITICAL"), scene.asked("CRITICAL", digest="e" * 64)
    watch = scene.watch()
    scene.minutes = 1
    watch.tick()
    scene.decided(first, "rejected")
    scene.cluster.object = None
    from agent.journal import approvals

    approvals.supersede(scene.journal, second, approvals.TARGET_CHANGED)
    scene.minutes = 11
    watch.tick()
    assert "Rejected by ana" in scene.card(first).text
    assert "Changed, see the new request" in scene.card(second).text
    assert scene.services.events == []


def test_a_channel_that_fails_is_tried_again_and_then_the_next_one(scene: Scene) -> None:
    row, watch = scene.asked(), scene.watch("slack", "teams", "pagerduty")
    scene.services.faults["slack"].extend(["500", "500", "500"])
    for minute in range(8):
        scene.minutes = minute
        watch.tick()
    assert scene.status(row) == "pending"
    failed = scene.notices(row, "notice_failed")
    assert [each["text"] for each in failed] == ["Slack answers 503"] * 3
    assert [each["wait_s"] for each in failed] == [5, 10, 20]
    assert (scene.services.cards_of(row), len(scene.services.cards)) == ([], 1)
    scene.minutes = 16
    watch.tick()
    scene.decided(row)
    watch.tick()
    assert [
        card["body"][0]["inlines"][0]["text"].partition(" for")[0].partition(" from")[0]
        for card in scene.services.cards
    ] == ["Approval request", "Still waiting", "Desk: this request was answered"]


def test_where_nobody_can_be_asked_somebody_is_paged_at_once(scene: Scene) -> None:
    row, watch = scene.asked(), scene.watch()
    scene.services.faults["slack"].append("refused")
    watch.tick()
    watch.tick()
    assert scene.services.alerts == {row: "triggered"}
    scene.minutes = 1
    watch.tick()
    assert len(scene.services.cards_of(row)) == 1  # it is tried on


def test_slack_says_when_it_may_be_asked_again(scene: Scene) -> None:
    row, watch = scene.asked(), scene.watch()
    scene.services.retry_after_s = 60
    scene.services.faults["slack"].append("429")
    for seconds in (0, 30, 59):
        scene.minutes = seconds / 60
        watch.tick()
        assert scene.services.cards_of(row) == []
    scene.minutes = 1
    watch.tick()
    assert len(scene.services.cards_of(row)) == 1
    assert [each["wait_s"] for each in scene.notices(row, "notice_failed")] == [60]


def test_many_at_once_are_asked_one_by_one_and_nobody_is_paged_for_it(scene: Scene) -> None:
    rows = [scene.asked("CRITICAL", digest=f"{n:064}") for n in range(6)]
    watch = scene.watch("slack", "teams", "pagerduty")
    scene.services.retry_after_s = 2
    for second in range(0, 100, 2):
        scene.minutes = second / 60
        scene.services.faults["slack"].clear()
        scene.services.faults["slack"].extend(["", "429"])
        watch.tick()
    scene.services.faults["slack"].clear()
    assert [len(scene.services.cards_of(row)) for row in rows] == [1] * len(rows)
    assert (scene.services.cards, scene.services.events) == ([], [])


@pytest.mark.parametrize("fault", ["lost", "garbage", "hang"])
def test_a_message_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(scene: Scene, fault: str) -> None:
    others = [scene.asked(digest=f"{n}" * 64) for n in range(5)]  # the history has more than one page
    row, watch = scene.asked("CRITICAL"), scene.watch()
    scene.services.faults["slack"].extend([fault] * 1)  # type: ignore[list-item]
    watch.tick()
    scene.minutes = 1
    watch.tick()
    scene.minutes = 5
    scene.services.faults["slack"].append(fault)  # type: ignore[arg-type]
    watch.tick()
    scene.minutes = 6
    watch.tick()
    assert counts(scene, row)[:2] == (1, 1)
    assert [len(scene.services.cards_of(each)) for each in others] == [1] * 5
    assert len(scene.notices(row, "notice_sent")) == 2


def test_an_alert_whose_answer_was_lost_stays_one(scene: Scene) -> None:
    row, watch = scene.asked("CRITICAL"), scene.watch()
    scene.minutes = 11
    scene.services.faults["pagerduty"].extend(["lost", "500", "hang"])
    for minute in range(11, 16):
        scene.minutes = minute
        watch.tick()
    assert scene.services.alerts == {row: "triggered"}
    assert {each["dedup_key"] for each in scene.services.events} == {row}


def test_teams_cannot_be_looked_at_so_what_may_be_there_twice_says_so(scene: Scene) -> None:
    scene.asked()
    watch = scene.watch("teams")
    scene.services.faults["teams"].append("lost")
    watch.tick()
    scene.minutes = 1
    watch.tick()
    said = [card["body"][0]["inlines"][0]["text"] for card in scene.services.cards]
    assert [each.endswith("(again: Teams did not say whether this had arrived)") for each in said] == [False, True]


def test_several_at_once_send_each_thing_once(scene: Scene) -> None:
    rows = [scene.asked("CRITICAL", digest=f"{n:064}") for n in range(4)]
    journals = [scene.opened() for _ in range(6)]
    watches = [scene.watch(journal=journal) for journal in journals]
    with ThreadPoolExecutor(6) as pool:
        for minute in (0, 6, 11, 31):
            scene.minutes = minute
            for _ in range(3):
                list(pool.map(lambda watch: watch.once(), watches))
    for journal in journals:
        journal.close()
    for row in rows:
        (card,) = scene.services.cards_of(row)
        assert len(scene.services.replies(card)) == 1
    assert len(scene.services.events) == len(rows)


def test_a_sandbox_asks_nobody(scene: Scene) -> None:
    row = asked(scene.journal, request("CRITICAL"), scene.now(), sandbox=True)
    scene.minutes = 11
    scene.watch().tick()
    assert counts(scene, row) == (0, 0, 0, 0)


def test_a_night_without_a_clock_floods_nobody(scene: Scene) -> None:
    row, watch = scene.asked("CRITICAL"), scene.watch()
    scene.minutes = 600
    watch.tick()
    assert (scene.status(row), counts(scene, row)) == ("expired", (0, 0, 0, 1))


def test_the_design_has_these_times() -> None:
    assert {p: (REMIND_AFTER_MIN[p], PAGE_AFTER_MIN.get(p)) for p in TIMES} == {p: t[:2] for p, t in TIMES.items()}
