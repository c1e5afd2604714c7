"""Each cause has the page that teaches it."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from tools.diagnose.findings import Cause
from tools.diagnose.taught import _CAUSES, TOPIC_OF


def test_every_cause_has_exactly_one_page() -> None:
    assert sorted(TOPIC_OF) == sorted(get_args(Cause))
    assert [
        cause for cause, times in Counter(each for one in _CAUSES.values() for each in one).items() if times > 1
    ] == []
