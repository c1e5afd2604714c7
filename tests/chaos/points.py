"""Where processes are killed: points, and how a seed and a session's number draw them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, cast, get_args

from tests.chaos.script import Class, class_of

Kind = Literal["entry", "soon", "before", "answered", "late", "timer"]
"""entry: when a step is safe on disk, before anything else happens. soon: so many seconds after it.
before, answered: when the request for an effect was sent, and it never arrives, or its answer never does.
late: the request arrives when its sender is dead, and its successor has got `count` answers about that object.
timer: seconds after the process began."""
EFFECT_KINDS: tuple[Kind, ...] = ("before", "answered", "late")

WINDOW = 12
FORCED = 5
"""So many points of a session come from the round of all boundaries and effects."""
MAX_LATE = 8
"""So many requests about the object does a resumed Desk send before its own change."""
SOON_SHARE = 1.2
PEACE, TIMED, AGAIN, IN_TURN = 0.06, 0.2, 0.08, 0.45
"""How likely a process is left alone, is killed by the clock, right at its beginning, at the next forced point."""
SHARES: Mapping[Kind, float] = {
    "entry": 0.47, "soon": 0.11, "before": 0.02, "answered": 0.03, "late": 0.15, "timer": 0.22,
}  # fmt: skip
"""Of each kind among Desk's kills: whoever is compared with it is killed in the same way."""
APPROVER = 0.4
"""How likely the approver is killed; and a rollback, which takes so long."""
UNDOER = 0.6
UNDOING_S = 0.8
RESUMED = "session_resumed"
_WRITTEN = re.compile(
    r"(?P<kind>[a-z]+)=(?P<at>[^#+!]*)(?:#(?P<count>[0-9]+))?(?:\+(?P<wait_s>[0-9.]+))?(?P<alone>!?)"
)


@dataclass(frozen=True)
class Point:
    """Where one process is killed. `alone`: the processes it started live on for their moment."""

    kind: Kind
    at: str = ""
    wait_s: float = 0.0
    alone: bool = False
    count: int = 0

    def __str__(self) -> str:
        count = f"#{self.count}" if self.kind == "late" else ""
        wait = f"+{self.wait_s:.4f}" if self.wait_s else ""
        return f"{self.kind}={self.at}{count}{wait}{'!' if self.alone else ''}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """The point that is written so; raises `ValueError` for what is none."""
        found = _WRITTEN.fullmatch(text)
        if found is None or found["kind"] not in get_args(Kind):
            raise ValueError(f"{text!r} is no point: write it as a run prints it, e.g. entry=tool_intent:restart")
        return cls(
            cast(Kind, found["kind"]),
            found["at"],
            float(found["wait_s"] or 0),
            bool(found["alone"]),
            int(found["count"] or 0),
        )


@dataclass(frozen=True)
class Course:
    """A session as it goes when nobody kills it: (step, seconds after its beginning), and where effects are."""

    steps: tuple[tuple[str, float], ...]
    effects: Mapping[str, str]
    """Effect -> the step after which it is sent."""
    approving_s: float = 0.0
    """How long the approver's command takes."""

    @property
    def length_s(self) -> float:
        """From the beginning to the last step."""
        return self.steps[-1][1]

    def index(self, step: str) -> int:
        """Where a step is; -1 for one that an undisturbed session does not have."""
        return next((n for n, (name, _) in enumerate(self.steps) if name == step), -1)

    def gap_s(self, index: int) -> float:
        """From a step to the next."""
        following = self.steps[min(index + 1, len(self.steps) - 1)][1]
        return max(following - self.steps[index][1], 0.02)

    def round(self) -> list[tuple[int, Point]]:
        """Every boundary and every effect, in order, each with the step it belongs to."""
        points = [(n, Point("entry", step)) for n, (step, _) in enumerate(self.steps)]
        points += [(self.index(step), point) for effect, step in self.effects.items() for point in _around(effect)]
        return sorted(points, key=lambda placed: placed[0])


@dataclass
class Plan:
    """The kills of one session, drawn as it goes: each depends on how far it came."""

    random: Random
    course: Course
    only: Class | None = None
    forced: list[tuple[int, Point]] = field(default_factory=list)
    sweeping: bool = False
    """The forced points come first, one after the other: the first sessions of a run go through all there are."""

    shares: Mapping[Kind, float] = field(default_factory=dict)
    """Of each kind, where they are given."""

    @classmethod
    def like(cls, shares: Mapping[Kind, float], seed: int, number: int, course: Course) -> Plan:
        """That of session `number` of somebody else, killed in the same shares of each kind."""
        return cls(Random(f"{seed}/{number}"), course, shares=shares)

    @classmethod
    def of(cls, seed: int, number: int, course: Course, only: Class | None = None) -> Plan:
        """That of session `number`. Consecutive sessions go round through all boundaries and effects."""
        placed = [one for one in course.round() if only is None or _class_at(course, *one) == only]
        shares = [placed[n * len(placed) // FORCED : (n + 1) * len(placed) // FORCED] for n in range(FORCED)]
        forced = [share[number % len(share)] for share in shares if share]
        return cls(
            Random(f"{seed}/{number}"), course, only, forced, only is None and number < max(map(len, shares))
        )

    def next(self, after: str, role: str) -> Point | None:
        """The next process's point; None leaves it alone. `after` is the last step that is on disk."""
        if role == "approve":
            return self._approving()
        if role == "undo":
            return self._undoing(after)
        here = self.course.index(after) + 1
        self.forced = [placed for placed in self.forced if placed[0] >= here]
        if self.sweeping and self.forced:
            return self.forced.pop(0)[1]
        chance = self.random.random()
        if chance < PEACE:
            return None
        if self.shares:
            return self._in_shares(here)
        if chance < PEACE + TIMED and self.only is None:
            return self._timer(here)
        if chance < PEACE + TIMED + AGAIN and role == "resume" and self.only is None:
            return Point("entry", RESUMED)
        if self.forced and (chance > 1 - IN_TURN or self.forced[0][0] == here):
            return self.forced.pop(0)[1]
        return self._near(here)

    def missed(self, point: Point) -> None:
        """A process ended before its point: one that belongs to the round is the next process's."""
        placed = next((one for one in self.course.round() if one[1] == point), None)
        if self.sweeping and placed is not None:
            self.forced.insert(0, placed)

    def _approving(self) -> Point | None:
        """The approver's own command is killed, too."""
        if self.only not in (None, "approval") or self.random.random() > APPROVER:
            return None
        return Point("timer", "", self.random.uniform(0, self.course.approving_s))

    def _undoing(self, effect: str) -> Point | None:
        """The rollback of a change has an effect of its own."""
        if self.only is not None or self.random.random() > UNDOER:
            return None
        timer = Point("timer", "", self.random.uniform(0, UNDOING_S), self._alone())
        return self.random.choice([timer, *_around(effect)])

    def _timer(self, here: int) -> Point:
        passed = self.course.steps[here - 1][1] if here else 0.0
        return Point("timer", "", self.random.uniform(0, self.course.length_s - passed + 0.1), self._alone())

    def _in_shares(self, here: int) -> Point:
        """Of the kinds that there still are ahead, one by its share; then one of its points."""
        ahead = [point for _, point in self._candidates(here, len(self.course.steps))]
        points = [*ahead, self._timer(here)]
        kinds = sorted({point.kind for point in points})
        (kind,) = self.random.choices(kinds, [self.shares.get(kind, 0) + 1e-9 for kind in kinds])
        return self.random.choice([point for point in points if point.kind == kind])

    def _near(self, here: int) -> Point | None:
        """One of the steps and effects ahead: each class of tool, and each kind of kill, is as likely."""
        ahead = list(self._candidates(here, self._horizon(here)))
        chosen: Sequence[tuple[int, Point]] = ahead
        for trait in (lambda one: _class_at(self.course, *one), lambda one: one[1].kind):
            chosen = self._one_of(chosen, cast(Callable[[tuple[int, Point]], str], trait))
        return self.random.choice(chosen)[1] if chosen else None

    def _horizon(self, here: int) -> int:
        bound = self.forced[0][0] if self.forced else len(self.course.steps)
        return bound if self.only else min(here + WINDOW, bound)

    def _one_of(
        self, candidates: Sequence[tuple[int, Point]], trait: Callable[[tuple[int, Point]], str]
    ) -> list[tuple[int, Point]]:
        if not candidates:
            return []
        value = self.random.choice(sorted({trait(one) for one in candidates}))
        return [one for one in candidates if trait(one) == value]

    def _candidates(self, here: int, horizon: int) -> Iterator[tuple[int, Point]]:
        for index in range(here, horizon):
            step = self.course.steps[index][0]
            if self.only is not None and class_of(step) != self.only:
                continue
            yield index, Point("entry", step)
            soon = self.random.uniform(0, SOON_SHARE * self.course.gap_s(index))
            yield index, Point("soon", step, soon, self._alone())
        for effect, step in self.course.effects.items():
            index = self.course.index(step)
            if here <= index < horizon and (self.only is None or class_of(step) == self.only):
                yield from ((index, point) for point in _around(effect))

    def _alone(self) -> bool:
        return self.random.random() < 0.5


def _around(effect: str) -> list[Point]:
    late = [Point("late", effect, count=count) for count in range(MAX_LATE)]
    return [Point("before", effect), Point("answered", effect), *late]


def _class_at(course: Course, index: int, point: Point) -> str:
    return class_of(point.at if point.kind in ("entry", "soon") else course.steps[index][0])


@dataclass
class Written:
    """A plan that a run printed: the same points again."""

    points: list[Point | None]

    def next(self, after: str, role: str) -> Point | None:
        """The next one; None when there is no more."""
        return self.points.pop(0) if self.points else None

    def missed(self, point: Point) -> None:
        """What was printed has it again where it was tried again."""
