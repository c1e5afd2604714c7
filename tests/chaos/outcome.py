"""What came of a session, and of many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.life import Ended, Fault, Trouble
from tests.chaos.points import Course, Kind
from tests.chaos.script import class_of

COLUMNS: tuple[tuple[Trouble, str], ...] = (
    ("lost", "lost"),
    ("doubled", "doubled"),
    ("half-written", "half-written"),
    ("journal", "journals broken"),
    ("crashed", "crashed on resume"),
)


@dataclass
class Outcome:
    """One session: every process of it, and what is wrong in the end."""

    number: int
    lives: list[Ended] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    effects: int = 0

    @property
    def kills(self) -> list[Ended]:
        """The processes that were killed."""
        return [ended for ended in self.lives if ended.killed]

    @property
    def replay(self) -> str:
        """The points of all processes, as `--replay` takes them."""
        return ",".join(str(ended.point) if ended.point is not None else "." for ended in self.lives)

    def troubles(self) -> list[Trouble]:
        """What counts: each effect or commit that is lost or doubled once."""
        things = {(fault.trouble, fault.about or fault.text) for fault in self.faults}
        return [trouble for trouble, _ in things]

    def told(self) -> list[str]:
        """Each fault, and how to have it again."""
        if not self.faults:
            return []
        faults = [f"session {self.number}: {fault.trouble}: {fault.text}" for fault in self.faults]
        return [
            *faults,
            *(f"    {ended}" for ended in self.lives),
            f'    --session {self.number} --replay "{self.replay}"',
        ]


@dataclass
class Tally:
    """All sessions of one contender."""

    name: str
    course: Course
    no_git: bool = False
    outcomes: list[Outcome] = field(default_factory=list)

    def line(self, tail: str) -> str:
        """The one line that says it all."""
        counted = Counter(trouble for outcome in self.outcomes for trouble in outcome.troubles())
        shown = [f"{counted.pop(trouble, 0)} {words}" for trouble, words in COLUMNS if self._has(trouble)]
        other = sum(counted.values())
        shown += [f"{other} other"] if other else []
        kills = sum(len(outcome.kills) for outcome in self.outcomes)
        effects = sum(outcome.effects for outcome in self.outcomes)
        return f"{self.name:<34} {kills:>5} kills  {effects:>5} effects  {'  '.join(shown)}  {tail}"

    def _has(self, trouble: Trouble) -> bool:
        return not self.no_git or trouble in ("lost", "doubled", "crashed")

    def uncovered(self) -> list[str]:
        """The journal boundaries and the moments around effects at which nobody was killed."""
        hit = {
            (ended.point.kind, ended.point.at, ended.point.count)
            for outcome in self.outcomes
            for ended in outcome.kills
            if ended.point is not None
        }
        return [str(point) for _, point in self.course.round() if (point.kind, point.at, point.count) not in hit]

    def by_class(self) -> list[tuple[str, int]]:
        """How many kills fell on the work of each class of tool."""
        kills = [ended for outcome in self.outcomes for ended in outcome.kills]
        return sorted(Counter("approval" if one.role == "approve" else class_of(one.last) for one in kills).items())

    def by_kind(self) -> list[tuple[Kind, int]]:
        """How many kills there were of each kind."""
        points = [ended.point for outcome in self.outcomes for ended in outcome.kills]
        return sorted(Counter(point.kind for point in points if point is not None).items())

    def faults(self) -> list[str]:
        """Every fault, with how to have it again."""
        return [line for outcome in self.outcomes for line in outcome.told()]
