"""What has changed since a site was written."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from tests.tools.platform_docs.samples import fact, facts
from tools.platform_docs.staleness import NotOfThisCluster, as_json, compare, parsed, written_from

WRITTEN = written_from(facts())


def test_facts_are_read_back_as_they_were_written() -> None:
    assert parsed(as_json(WRITTEN)) == WRITTEN


def test_nothing_has_changed() -> None:
    found = compare(WRITTEN, facts())
    assert (found.stale, found.moved, found.not_compared) == ([], [], [])


def test_a_fact_that_changed_is_told_with_both_values() -> None:
    found = compare(WRITTEN, facts(version=fact("version", said="v1.35.0")))
    assert [(each.name, each.was, each.is_now, each.source) for each in found.stale] == [
        ("version", "said of version", "v1.35.0", "v1/Source version")
    ]


def test_of_a_fact_of_several_things_only_what_changed_is_told() -> None:
    before = written_from(facts(quota=fact("quota", parts={"pods": "50", "secrets": "50", "gone": ""})))
    found = compare(before, facts(quota=fact("quota", parts={"pods": "40", "secrets": "50", "cpu": "2"})))
    assert [(each.name, each.was, each.is_now) for each in found.stale] == [
        ("quota cpu", "not there", "2"),
        ("quota gone", "there", "not there"),
        ("quota pods", "50", "40"),
    ]


def test_what_is_not_there_any_more_is_stale() -> None:
    (change,) = compare(WRITTEN, facts(tekton=fact("tekton", "absent"))).stale
    assert (change.name, change.is_now) == ("tekton", "not on this cluster")


def test_what_moves_by_itself_makes_no_site_stale() -> None:
    found = compare(WRITTEN, facts(quota_left=fact("quota_left", said="less", moves=True)))
    assert found.stale == []
    assert [each.name for each in found.moved] == ["quota-left"]


def test_what_another_user_may_not_read_is_not_compared() -> None:
    other = replace(facts(nodes=fact("nodes", "unreadable"), version=fact("version", said="v2")), user="bob")
    found = compare(WRITTEN, other)
    assert found.not_compared == ["May-deploy", "Nodes"]
    assert [each.name for each in found.stale] == ["version"]


def test_the_same_user_who_may_no_longer_read_it_finds_it_stale() -> None:
    (change,) = compare(WRITTEN, facts(nodes=fact("nodes", "unreadable"))).stale
    assert change.name == "nodes"


@pytest.mark.parametrize(
    ("content", "said"), [(b"{}", "no facts"), (b"\xff", "no facts"), (b'{"schema": "x"}', "no facts")]
)
def test_what_is_no_site_is_told(content: bytes, said: str) -> None:
    with pytest.raises(NotOfThisCluster, match=said):
        parsed(content)


@pytest.mark.parametrize(("field", "said"), [("cluster", "another cluster"), ("namespace", "not of web-dev")])
def test_another_cluster_or_namespace_cannot_be_compared(field: str, said: str) -> None:
    written = msgspec.structs.replace(WRITTEN, **{field: "other"})
    with pytest.raises(NotOfThisCluster, match=said):
        compare(written, facts())
