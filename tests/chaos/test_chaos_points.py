"""The points: written and read, drawn alike from the same seed, none left out; and what counts as an effect."""

from __future__ import annotations

import json

import pytest

from tests.chaos.points import FORCED, Course, Kind, Plan, Point, Written
from tests.chaos.proxy import effect_of
from tests.chaos.script import CLASSES, EFFECTS, Names, class_of, turn

STEPS = (
    "session_started", "oriented", "model_turn:diagnose", "tool_result:diagnose", "tool_intent:set_resources",
    "subtask_done:set_resources", "committed:set_resources", "tool_intent:save_manifest", "tool_intent:restart",
    "approval_asked:delete", "tool_intent:delete", "session_closed",
)  # fmt: skip
COURSE = Course(
    tuple((step, n * 0.1) for n, step in enumerate(STEPS)), {e: f"tool_intent:{t}" for e, t in EFFECTS.items()}, 0.1
)


def drawn(seed: int, number: int) -> list[str]:
    plan = Plan.of(seed, number, COURSE)
    return [str(plan.next(step, "resume")) for step in ("", *STEPS)]


@pytest.mark.parametrize(
    "point",
    [
        Point("entry", "tool_intent:restart"),
        Point("soon", "subtask_done:delete", 0.0123, alone=True),
        Point("late", "patch:cart", count=3),
        Point("late", "patch:cart"),
        Point("timer", "", 1.5),
    ],
)
def test_a_point_is_read_as_it_is_written(point: Point) -> None:
    assert Point.parse(str(point)) == point


def test_what_is_no_point_is_refused() -> None:
    with pytest.raises(ValueError, match="no point"):
        Point.parse("sometimes=here")


def test_a_seed_and_a_number_give_the_same_points() -> None:
    assert drawn(7, 3) == drawn(7, 3)
    assert drawn(7, 3) != drawn(8, 3)
    assert drawn(7, 3) != drawn(7, 4)


def test_every_boundary_and_effect_has_its_session() -> None:
    placed = COURSE.round()
    forced = {str(point) for number in range(len(placed)) for _, point in Plan.of(7, number, COURSE).forced}
    assert forced == {str(point) for _, point in placed}
    assert len(Plan.of(7, 0, COURSE).forced) == FORCED


def test_who_is_compared_is_killed_in_the_same_shares() -> None:
    shares: dict[Kind, float] = {"before": 1, "late": 3}
    plan = Plan.like(shares, 7, 0, COURSE)
    points = [point for _ in range(200) if (point := plan.next("", "resume")) is not None]
    assert {point.kind for point in points} == {"before", "late"}
    assert 0.6 < sum(point.kind == "late" for point in points) / len(points) < 0.9


def test_a_point_of_the_round_that_was_missed_comes_again() -> None:
    plan = Plan.of(7, 0, COURSE)
    first = plan.next("", "start")
    assert first is not None
    plan.missed(first)
    assert plan.next("", "resume") == first


@pytest.mark.parametrize("only", CLASSES)
def test_one_class_alone_can_be_killed_at(only: str) -> None:
    plan = Plan.of(7, 1, COURSE, only)  # type: ignore[arg-type]
    points = [point for _ in range(50) if (point := plan.next("", "resume")) is not None]
    effects = {effect for effect, tool in EFFECTS.items() if class_of(f"x:{tool}") == only}
    assert points
    assert all(point.at in effects or class_of(point.at) == only for point in points)


def test_points_that_were_printed_come_in_their_order() -> None:
    plan = Written([Point("timer", wait_s=1.0), None])
    assert [plan.next("", "start"), plan.next("", "resume"), plan.next("", "resume")] == [
        Point("timer", wait_s=1.0),
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        (
            "PATCH",
            "/apis/apps/v1/namespaces/n/deployments/cart-3?fieldManager=desk-agent",
            {},
            ("patch:cart", False),
        ),
        ("PATCH", "/apis/apps/v1/namespaces/n/deployments/cart-3?dryRun=All", {}, ("patch:cart", True)),
        ("DELETE", "/api/v1/namespaces/n/configmaps/settings-3", {"dryRun": ["All"]}, ("delete:settings", True)),
        ("DELETE", "/api/v1/namespaces/n/configmaps/settings-3", {}, ("delete:settings", False)),
        ("POST", "/api/v1/namespaces/n/configmaps", {"metadata": {"name": "a-1"}}, ("post:a", False)),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, ("", False)),
        ("GET", "/apis/apps/v1/namespaces/n/deployments/cart-3", {}, ("", False)),
    ],
)
def test_what_is_an_effect(method: str, path: str, body: dict[str, object], expected: tuple[str, bool]) -> None:
    assert effect_of(method, path, json.dumps(body).encode()) == expected


def test_the_model_goes_by_the_conversation() -> None:
    names = Names("chaos-1-a", 12)
    asked = {"role": "user", "content": [{"type": "text", "text": f"Task:\n{names.task}"}]}
    for number, (tool, arguments) in enumerate(names.calls()):
        said = [{"role": "assistant", "content": []}] * number
        (_, call) = turn({"messages": [asked, *said]}).raw_blocks or ()
        assert (call["name"], call["input"]) == (tool, arguments)
