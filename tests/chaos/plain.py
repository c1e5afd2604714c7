"""The plain LangGraph agent on its SqliteSaver (tests.baseline), killed in the same ways, on the same cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.checks import cluster
from tests.chaos.desk import MAX_LIVES, Undisturbed
from tests.chaos.ground import CORE
from tests.chaos.life import Budget, Fault, Planned, Role, wait_for_orphans
from tests.chaos.outcome import Outcome
from tests.chaos.points import Course
from tests.chaos.stand import Stand
from tests.chaos.victim import Job

NAME = "langgraph + SqliteSaver"
AGENT = "plain-agent"
TURNS = 3
"""As many effects as a session of Desk has."""


@dataclass
class PlainSession:
    """One session of it: started, and resumed in the same folder until it ends."""

    stand: Stand
    number: int
    plan: Planned
    budget: Budget
    durability: str
    outcome: Outcome = field(init=False)
    _after: str = ""

    def __post_init__(self) -> None:
        self.outcome = Outcome(self.number)
        self._folder = self.stand.root / f"plain-{self.durability}-{self.number}"
        self._executioner = self.stand.executioner(self.budget)

    def run(self) -> Outcome:
        """From the start to the end, and the judgement."""
        self._folder.mkdir()
        for _, name in self._effects().values():
            self.stand.ground.place_map(name)
        self.stand.proxy.settled()
        while len(self.outcome.lives) < MAX_LIVES:
            role: Role = "resume" if self.outcome.lives else "start"
            ended = self._executioner.run(self._job(), role, self.plan.next(self._after, role))
            self.outcome.lives.append(ended)
            self._after = ended.last or self._after
            if not ended.killed:
                break
        self._judge(ended.code)
        return self.outcome

    def _judge(self, code: int) -> None:
        if code != 0:
            self.outcome.faults.append(Fault("crashed", f"exit code {code}: {self._tail()}"))
        wait_for_orphans([life.pid for life in self.outcome.lives if life.killed])
        sent = self.stand.proxy.settled()
        namespace, intended = self.stand.ground.namespace, self._effects()
        self.outcome.effects = len(intended)
        self.outcome.faults += cluster.each_once(self.stand.audit, namespace, intended, AGENT, sent)
        self.stand.audit.forget([one.audit_id for one in sent])
        self.stand.ground.clear(list(intended.values()))

    def _effects(self) -> dict[str, tuple[str, str]]:
        return {
            _effect(turn, self.durability): ("configmaps", f"note{turn}-{self.durability}-{self.number}")
            for turn in range(1, TURNS + 1)
        }

    def _job(self) -> Job:
        namespace = f"{self.stand.proxy.url}{CORE}/namespaces/{self.stand.ground.namespace}"
        url = f"{namespace}/configmaps/note{{turn}}-{self.durability}-{self.number}"
        arguments = (url, self.durability, str(TURNS))
        return Job("plain", str(self._folder), str(self._folder / "log"), arguments=arguments)

    def _tail(self) -> str:
        log: Path = self._folder / "log"
        return " / ".join(log.read_text(errors="replace").strip().splitlines()[-2:])[-400:] if log.exists() else ""


def _effect(turn: int, durability: str) -> str:
    return f"patch:note{turn}-{durability}"


def course(stand: Stand, number: int, durability: str) -> tuple[Course, Outcome]:
    """How a session goes that nobody kills."""
    outcome = PlainSession(stand, number, Undisturbed(), Budget(0), durability).run()
    steps = tuple((step, at_s) for step, _, at_s in outcome.lives[0].steps)
    return Course(steps, {_effect(turn, durability): f"tool:{turn}" for turn in range(1, TURNS + 1)}), outcome
