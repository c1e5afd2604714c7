"""Credentials that expire: a session that has begun waits until somebody has logged in again."""

from __future__ import annotations

import pytest
import yaml

from tests.faults.proxy import Answer, Meanwhile, Where
from tests.faults.scene import (
    DRY_RUN,
    EFFECT,
    PODS,
    READ,
    WHOAMI,
    Scene,
    assert_done_once,
    assert_nothing_begun,
    assert_paused,
    assert_said,
    set_memory,
)

EXPIRED = Answer(401, "Unauthorized", "Unauthorized")
LOG_IN = "The credentials in the kubeconfig are unknown or have expired: log in again"


def test_at_the_start_nothing_is_begun(scene: Scene) -> None:
    scene.proxy.at(WHOAMI, EXPIRED)
    assert_said(scene.desk(*set_memory()), 1, "error: ask for a SelfSubjectReview: Unauthorized.", LOG_IN)
    assert len(scene.proxy.came_to(WHOAMI)) == 1
    assert_nothing_begun(scene)


@pytest.mark.parametrize("where", [READ, DRY_RUN, EFFECT], ids=["read", "dry run", "effect"])
def test_in_the_middle_the_session_pauses(scene: Scene, where: Where) -> None:
    scene.proxy.at(where, EXPIRED)
    assert_paused(scene.desk(*set_memory()), 1, "Unauthorized", LOG_IN)
    assert scene.effects() == 0
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)


def test_while_a_rollout_is_waited_for_the_session_pauses(scene: Scene) -> None:
    scene.proxy.at(PODS, EXPIRED, first=2)  # the first look is for the names that the task may mean
    assert_paused(scene.desk("run", "set memory limit of checkout in shop-dev to 64Mi"), 1, LOG_IN)
    assert scene.effects() == 1
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)


def test_a_token_that_can_no_longer_be_had_pauses_the_session(scene: Scene) -> None:
    document = yaml.safe_load(scene.kubeconfig.read_text())
    document["users"][0]["user"] = {"tokenFile": "token"}
    scene.kubeconfig.write_text(yaml.safe_dump(document))
    token = scene.kubeconfig.with_name("token")
    token.write_text("sandbox")
    scene.proxy.at(DRY_RUN, Meanwhile(token.unlink), times=1)
    assert_paused(scene.desk(*set_memory()), 1, f"The tokenFile {token} of the kubeconfig cannot be read", "Log in")
    assert scene.effects() == 0
    token.write_text("sandbox")
    scene.resume()
    assert_done_once(scene)


def test_a_resume_before_the_login_changes_nothing(scene: Scene) -> None:
    scene.proxy.at(EFFECT, Answer(503))
    assert_paused(scene.desk(*set_memory()), 1)
    scene.proxy.heal()
    scene.proxy.at(WHOAMI, EXPIRED)
    events = scene.types()
    assert_said(scene.desk("resume"), 1, LOG_IN)
    assert scene.types() == events
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)
