"""Provisioning through the loop, asked in words: what they say, and for nobody whom they do not name."""

from __future__ import annotations

import pytest

from agent.cli.provision import _check
from agent.errors import UsageError
from agent.model.playbook import Playbook
from agent.session.run import drive
from tests.agent.session_bench import Bench, Scripted, finish, use
from tools.cluster.errors import NotFound

ANN, EVE = "ann@example.com", "eve@example.com"
TASK = f"create namespace web-dev with 4 CPUs for {ANN}"


def subjects(bench: Bench) -> set[str]:
    bindings = bench.other.list("RoleBinding", "web-dev")
    return {subject["name"] for binding in bindings for subject in binding["subjects"]}


def test_playbook_provisions_what_the_words_say(bench: Bench) -> None:
    desk = bench.begin(Playbook(), TASK)
    assert drive(desk) == 0, desk.view.results
    assert next(iter(desk.view.gated.values())).verdict == "allow"
    (quota,) = bench.other.list("ResourceQuota", "web-dev")
    assert (quota["spec"]["hard"]["limits.cpu"], quota["spec"]["hard"]["requests.cpu"]) == ("4", "2")
    assert subjects(bench) == {"ci", ANN}


def test_a_model_gives_access_to_nobody_whom_the_task_does_not_name(bench: Bench) -> None:
    call = use("provision_namespace", namespace="web-dev", members=[ANN, EVE])
    again = use("provision_namespace", namespace="web-dev", members=[ANN])
    desk = bench.begin(Scripted([call], [again], finish()), TASK)
    assert drive(desk) == 0
    refused, done = list(desk.view.results.values())[:2]
    assert (refused.error, done.ok) == ("arguments", True)
    assert f"does not name {EVE}, and only who asks may choose members" in refused.text
    assert subjects(bench) == {"ci", ANN}


def test_a_namespace_that_the_task_does_not_name_is_outside_of_it(bench: Bench) -> None:
    desk = bench.begin(Scripted([use("provision_namespace", namespace="eve-dev")], finish()), TASK)
    assert drive(desk) == 0
    assert "outside this task, which is about web-dev" in next(iter(desk.view.results.values())).text
    try:
        bench.other.get("Namespace", "eve-dev", None)
    except NotFound:
        return
    raise AssertionError("it was made")


def test_requests_are_compared_with_the_limits_that_were_provisioned() -> None:
    _check("provision_namespace", {"namespace": "web-dev", "cpu_requests": "10"})  # 16 cores may be provisioned
    with pytest.raises(UsageError, match="is more than cpu 4"):
        _check("provision_namespace", {"namespace": "web-dev", "cpu": "4", "cpu_requests": "10"})
