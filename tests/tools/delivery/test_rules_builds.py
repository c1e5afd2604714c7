"""Each chain by Tekton and by OpenShift's builds leads to its one broken link; what works or waits to none."""

from __future__ import annotations

import pytest

from tests.tools.delivery import openshift_chains, tekton_chains
from tests.tools.delivery.chains import Chain
from tools.delivery import rules


@pytest.mark.parametrize("chain", (*tekton_chains.BROKEN, *openshift_chains.BROKEN), ids=lambda chain: chain.id)
def test_the_one_broken_link(chain: Chain) -> None:
    [finding] = rules.of_namespace(chain.found())

    assert (finding.cause, f"{finding.object.kind} {finding.object.name}") == (chain.cause, chain.about)
    assert chain.detail in finding.summary
    assert finding.severity == chain.severity
    assert finding.evidence
    assert finding.remedies and all(each.command for each in finding.remedies)


@pytest.mark.parametrize("chain", (*tekton_chains.GOING, *openshift_chains.GOING), ids=lambda chain: chain.id)
def test_what_works_or_is_on_its_way_is_no_finding(chain: Chain) -> None:
    found = chain.found()

    assert rules.of_namespace(found) == []
    assert bool(rules.going_on(found)) == chain.going
