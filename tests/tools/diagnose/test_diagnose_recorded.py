"""Golden files: what the rules say of objects recorded on a real cluster."""

from __future__ import annotations

import copy
import json

import pytest
from msgspec.structs import replace

from tests.tools.diagnose.diagnose_faults import FAULTS
from tests.tools.diagnose.diagnose_recordings import HEADINGS, RECORDED, load
from tools.diagnose.diagnose import judge
from tools.diagnose.render import render


@pytest.mark.parametrize("heading", HEADINGS)
def test_report_is_the_recorded_one(heading: str) -> None:
    expected = json.loads((RECORDED / f"{heading}.report.json").read_text())

    assert judge(load(heading)) == expected


@pytest.mark.parametrize("heading", HEADINGS)
def test_text_is_the_recorded_one(heading: str) -> None:
    assert render(judge(load(heading))) + "\n" == (RECORDED / f"{heading}.report.txt").read_text()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_one_finding_with_its_detail(fault: object) -> None:
    name = getattr(fault, "name", "")
    findings = judge(load(name.partition("-")[0]))["findings"]

    [found] = [each for each in findings if each["object"]["name"] == name]
    assert found["cause"] == getattr(fault, "cause", "")
    assert found["object"]["kind"] == getattr(fault, "kind", "")
    assert getattr(fault, "detail", "") in found["summary"]


def test_healthy_workloads_have_no_findings() -> None:
    assert judge(load("healthy"))["findings"] == []


@pytest.mark.parametrize("heading", HEADINGS)
def test_rules_neither_change_the_snapshot_nor_depend_on_its_order(heading: str) -> None:
    snapshot = load(heading)
    before = copy.deepcopy(snapshot.objects)
    backwards = replace(snapshot, objects={kind: items[::-1] for kind, items in snapshot.objects.items()})

    assert judge(backwards)["findings"] == judge(snapshot)["findings"]
    assert snapshot.objects == before
