"""Any field may be missing, for its controller may not have written it yet: no rule fails for that."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools.delivery import argo_cd_chains, openshift_chains, tekton_chains
from tests.tools.delivery.chains import Chain
from tools.delivery import rules
from tools.delivery.links import links
from tools.delivery.reading import Wanted
from tools.delivery.related import related
from tools.diagnose.findings import Finding
from tools.json import Json

Path = tuple[Any, ...]
TABLES = (argo_cd_chains, tekton_chains, openshift_chains)
IDENTITY = (("kind",), ("apiVersion",), ("metadata",), ("metadata", "name"), ("metadata", "namespace"))


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from paths(each, (*path, key))


def without(item: Json, path: Path) -> Json:
    """The object without one of its fields."""
    less: Any = copy.deepcopy(item)
    inner = less
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    made: Json = less
    return made


@pytest.mark.parametrize(
    "chain", [chain for table in TABLES for chain in (*table.BROKEN, *table.GOING)], ids=lambda chain: chain.id
)
def test_no_field_is_needed(chain: Chain) -> None:
    first, *others = chain.objects
    damaged = [Chain("", [without(first, path), *others]) for path in paths(first) if path not in IDENTITY]
    found = [finding for each in damaged for finding in findings_of(each, chain.wanted)]

    assert damaged
    assert all(finding.evidence and finding.remedies for finding in found)


def findings_of(chain: Chain, wanted: Wanted) -> list[Finding]:
    """All that is found, with the links of each application."""
    found = chain.found()
    findings = rules.of_namespace(found)
    rules.going_on(found)
    for app in found.all_applications():
        finding = rules.of_application(app, found, wanted)
        findings += [finding] if finding else []
        links(app, found, wanted, findings, related(app, app.name, found, wanted))
    return findings
