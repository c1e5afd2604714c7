"""A small sample of the kill harness: `python -m tests.agent.humans.kills --kills 300` is the whole."""

from pathlib import Path

from tests.agent.humans.kills import PHASES, Course


def test_a_row_is_told_once_whenever_its_watch_is_killed(tmp_path: Path) -> None:
    course = Course(0, 7, tmp_path, most_kills=1).run()
    assert course.faults == []
    assert sum(course.kills.values()) == len(PHASES)
