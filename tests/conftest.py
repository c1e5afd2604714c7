"""How the suite is shared out: a file is one worker's, and beside what waits for the cluster runs what computes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest

import pytest

LONGEST = (
    "tests/tools/diagnose/test_cluster_crashes.py",
    "tests/chaos/test_chaos.py",
    "tests/tools/diagnose/test_cluster_rollouts.py",
    "tests/cluster/test_acceptance.py",
    "tests/dispatch/test_dispatch.py",
    "tests/cluster/test_pull_secret.py",
    "tests/tools/diagnose/test_cluster_scheduling.py",
    "tests/faults/test_api_server.py",
    "tests/agent/session/test_resume.py",
    "tests/faults/test_signals.py",
    "tests/agent/session/test_rollback.py",
    "tests/faults/test_clock.py",
    "tests/agent/session/test_azure.py",
    "tests/agent/redaction/test_everywhere.py",
    "tests/tools/diagnose/test_cluster_reports.py",
)
"""The files that begin first, for nobody is to wait for one of them in the end."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For `-n auto`: one more than there are cores, for whoever waits for a hook or a kubelet needs none."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """File by file; those that need the cluster and those that do not take turns."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    ordered = sorted(files, key=lambda name: LONGEST.index(name) if name in LONGEST else len(LONGEST))
    waiting = [name for name in ordered if files[name][0].get_closest_marker("cluster")]
    computing = [name for name in ordered if name not in waiting]
    items[:] = chain.from_iterable(files[name] for name in _in_turn(waiting, computing))


def _in_turn(one: Iterable[str], other: Iterable[str]) -> Iterator[str]:
    return (name for pair in zip_longest(one, other) for name in pair if name is not None)
