"""A task that no window holds is finished over several sessions, killed or not; nothing is lost, or doubled."""

from __future__ import annotations

import os
import secrets

import pytest

from tests.windows.run import Report, timed
from tests.windows.script import turns

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")
KILLS, COUNT = 4, 5
"""A small sample: `python -m tests.windows` runs the whole."""

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(not KUBECONFIG, reason="DESK_TEST_KUBECONFIG is not set")]


@pytest.fixture(scope="module")
def report() -> Report:
    made, line = timed(KUBECONFIG, f"windows-{secrets.token_hex(3)}", KILLS, seed=7, count=COUNT)
    print(line)
    return made


def test_it_ends_well_after_several_windows_and_kills(report: Report) -> None:
    assert report.faults == []
    assert report.codes.count(4) >= 2
    assert report.kills == KILLS


def test_it_takes_the_turns_of_a_long_task(report: Report) -> None:
    assert report.requests >= turns(COUNT)
    assert set(report.next_actions) == {"desk run --continue"}
