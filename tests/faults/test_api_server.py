"""What an API server and the way to it do to a session: it goes on, or pauses and is resumed."""

from __future__ import annotations

import json

import pytest

from tests.faults.proxy import Action, Answer, Cut, Delay, Reset, Silence, Where
from tests.faults.scene import (
    ACCESS,
    DRY_RUN,
    EFFECT,
    NAMESPACE,
    NAMESPACES,
    PODS,
    READ,
    VERSION,
    WHOAMI,
    Scene,
    assert_done_once,
    assert_nothing_begun,
    assert_paused,
    assert_said,
    assert_whole,
    set_memory,
)

TIMEOUT_S = 0.5
FAULTS: dict[str, Action] = {
    "409": Answer(409, "the object has been modified", "Conflict"),
    "429": Answer(429, "too many requests", "TooManyRequests", {"Retry-After": "1"}),
    "429 for an hour": Answer(429, "too many requests", "TooManyRequests", {"Retry-After": "3600"}),
    "500": Answer(500, "etcd is gone", "InternalError"),
    "503": Answer(503, "apiserver is shutting down", "ServiceUnavailable"),
    "reset": Reset(),
    "lost": Reset(done=True),
    "cut": Cut(),
    "slow": Delay(2 * TIMEOUT_S),
}
SAID = {
    "409": "the object has been modified",
    "429": "too many requests. The API server asks to slow down: try again in a minute. (HTTP 429 from http://",
    "429 for an hour": "The API server asks to slow down: try again in 1 h",
    "500": "etcd is gone. The API server failed: try again in a minute",
    "503": "apiserver is shutting down. The API server failed: try again in a minute",
    "reset": "no answer from the API server at http://127.0.0.1:",
    "cut": "no answer from the API server at http://127.0.0.1:",
    "slow": "no answer from the API server at http://127.0.0.1:",
}
TOO_FAST = "Deployment checkout in shop-dev changes too fast to be patched. Resume, to try again."
PLACES = {"read": READ, "dry run": DRY_RUN, "effect": EFFECT}
EVERYWHERE = (WHOAMI, VERSION, READ, NAMESPACE, ACCESS, DRY_RUN, EFFECT)


def be_impatient(scene: Scene, fault: str) -> None:
    if fault == "slow":
        scene.env["DESK_API_TIMEOUT_S"] = str(TIMEOUT_S)


@pytest.mark.parametrize("fault", ["409", "429", "500", "reset", "lost", "cut"])
def test_what_happens_once_everywhere_is_ridden_out(scene: Scene, fault: str) -> None:
    be_impatient(scene, fault)
    for where in EVERYWHERE:
        scene.proxy.at(where, FAULTS[fault], times=1)
    assert_said(scene.desk(*set_memory()), 0, "DONE")
    scene.proxy.heal()
    assert_done_once(scene)


def test_what_happens_twice_is_ridden_out(scene: Scene) -> None:
    for where in PLACES.values():
        scene.proxy.at(where, FAULTS["503"], times=2)
    assert_said(scene.desk(*set_memory()), 0, "DONE")
    scene.proxy.heal()
    assert_done_once(scene)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("read", "409"),
        ("read", "429 for an hour"),
        ("dry run", "409"),
        ("dry run", "500"),
        ("dry run", "slow"),
        ("effect", "409"),
        ("effect", "503"),
    ],
)
def test_what_lasts_pauses_the_session_and_a_resume_does_it_once(scene: Scene, fault: str, place: str) -> None:
    be_impatient(scene, fault)
    scene.proxy.at(PLACES[place], FAULTS[fault])
    done = scene.desk(*set_memory())
    assert_paused(done, 1, "checkout", TOO_FAST if (place, fault) == ("effect", "409") else SAID[fault])
    scene.proxy.heal()
    assert scene.effects() == 0
    assert ("tool_intent" in scene.types()) == (place == "effect")
    scene.resume()
    assert_done_once(scene)


@pytest.mark.parametrize("fault", ["lost", "cut", "slow"])
def test_what_was_done_unheard_is_looked_for_and_not_repeated(scene: Scene, fault: str) -> None:
    be_impatient(scene, fault)
    scene.proxy.at(EFFECT, FAULTS[fault])
    assert_said(scene.desk(*set_memory()), 0, "reconciled: patched Deployment checkout in shop-dev")
    assert len(scene.proxy.effects()) == 1
    scene.proxy.heal()
    assert_done_once(scene)


def test_what_was_done_unheard_before_everything_fell_silent_is_found_by_the_resume(scene: Scene) -> None:
    scene.proxy.at(EFFECT, Reset(done=True))
    scene.proxy.at(READ, Reset(), first=4)
    assert_paused(scene.desk(*set_memory()), 1, "no answer from the API server")
    assert scene.types().count("tool_receipt") == 0
    scene.proxy.heal()
    scene.resume()
    assert [body["outcome"] for body in scene.bodies("tool_receipt")] == ["reconciled"]
    assert_done_once(scene)


def test_a_slow_api_server_that_answers_in_time_is_waited_for(scene: Scene) -> None:
    for where in (WHOAMI, READ, DRY_RUN, EFFECT):
        scene.proxy.at(where, Delay(0.7), times=1)
    scene.env["DESK_API_TIMEOUT_S"] = "5"
    assert_said(scene.desk(*set_memory()), 0)
    assert [len(scene.proxy.came_to(where)) for where in (WHOAMI, DRY_RUN, EFFECT)] == [1, 1, 1]
    assert_done_once(scene)


@pytest.mark.parametrize(("fault", "times"), [("503", 3), ("429 for an hour", 1)])
def test_what_lasts_from_the_start_leaves_nothing_behind(scene: Scene, fault: str, times: int) -> None:
    scene.proxy.at(WHOAMI, FAULTS[fault])
    assert_said(scene.desk(*set_memory()), 1, "error: ask for a SelfSubjectReview: ", SAID[fault])
    assert len(scene.proxy.came_to(WHOAMI)) == times
    assert_nothing_begun(scene)


@pytest.mark.parametrize(
    "where",
    [PODS, NAMESPACES],
    ids=["pods", "namespaces"],
)
def test_what_could_not_be_read_is_not_taken_for_what_is_not_there(scene: Scene, where: Where) -> None:
    scene.proxy.at(where, FAULTS["503"])
    assert_paused(scene.desk("run", "why does checkout crash in shop-dev?"), 1, SAID["503"])
    scene.proxy.heal()
    assert "OOMKilled" in scene.resume().stdout
    assert_whole(scene)


RULES = Where("POST", "/selfsubjectrulesreviews")
CONFIG_MAPS = Where("GET", "/configmaps")


@pytest.mark.parametrize("where", [PODS, CONFIG_MAPS])
def test_whenever_the_api_server_goes_away_a_diagnosis_is_not_half_of_one(scene: Scene, where: Where) -> None:
    scene.proxy.away_after(where, Reset())
    assert_paused(scene.desk("run", "why does checkout crash in shop-dev?"), 1, SAID["reset"])
    scene.proxy.heal()
    assert "OOMKilled" in scene.resume().stdout
    assert_whole(scene)


@pytest.mark.parametrize("where", [VERSION, DRY_RUN])
def test_whenever_the_api_server_goes_away_a_change_is_made_once(scene: Scene, where: Where) -> None:
    scene.proxy.away_after(where, Reset())
    assert_paused(scene.desk(*set_memory()), 1, SAID["reset"])
    assert scene.effects() == 0
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)


def test_a_wait_that_saw_nothing_at_its_end_is_waited_anew(scene: Scene) -> None:
    call = {"namespace": "shop-dev", "name": "web", "timeout_s": 2, "stable_s": 1}
    scene.proxy.away_after(NAMESPACES, Reset())
    assert_paused(scene.desk("call", "wait_for_rollout", "--json", json.dumps(call)), 1, SAID["reset"])
    scene.proxy.heal()
    assert "rolled out and healthy" in scene.resume().stdout


def test_an_api_server_that_hangs_is_given_up_in_time(scene: Scene) -> None:
    scene.env["DESK_API_TIMEOUT_S"] = "2"
    scene.proxy.away_after(RULES, Silence())
    assert_paused(scene.desk(*set_memory()), 1, "read timed out after 2 s")
    assert scene.proxy.came[-1][2] - scene.proxy.came_to(RULES)[0] < 1.25 * 2
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)
