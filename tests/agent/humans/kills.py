"""`python -m tests.agent.humans.kills --kills 300 --seed 7`: nothing is sent twice, and nothing stays unsent.

`desk watch` runs as a process over one row, at the times of the table, and is killed (SIGKILL) again and again:
before a message arrives, when it has and is not answered, right behind the answer, and at random moments. What a
killed process has sent may arrive all the same. In the end the channels say how often each person was told what.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from tests import forked
from tests.agent.humans.people import asked, request
from tests.agent.humans.servers import BOT_TOKEN, ROUTING_KEY, Moment, served

PHASES = {0.5: "asked", 5.5: "reminded", 10.5: "paged", 30.5: "expired"}
"""Minutes behind the asking of a CRITICAL row, and what happens then."""
MOST_KILLS = 3
"""In one phase."""
WAITS_S = 20.0
SETTLED_S = 6.0
"""A killed process's message is looked for when so much time has passed; here the clock is moved on instead."""

MOMENTS = ("before", "late", "done", "answered", "random")
"""`before`: it never arrives. `late`: it arrives when its sender is dead. `done`: nobody hears the answer."""


@dataclass
class Course:
    """One row, from its asking to its expiry."""

    number: int
    seed: int
    folder: Path
    most_kills: int = MOST_KILLS
    kills: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def run(self) -> Course:
        """All phases, each with its kills; then what the channels say."""
        self.random = random.Random(f"{self.seed}/{self.number}")
        with served() as self.services, self._journal() as journal:
            self.row = asked(journal, request("CRITICAL"), datetime.now(UTC))
            self._settings()
            self.shift_s = 0.0
            for minute in PHASES:
                self.shift_s = max(self.shift_s, minute * 60)
                for _ in range(self.random.randint(1, self.most_kills)):
                    self._killed(self.random.choice(MOMENTS))
                    self.shift_s += SETTLED_S
                self._ended()
            self._judge(journal)
        return self

    @contextlib.contextmanager
    def _journal(self) -> Iterator[Journal]:
        store = SqliteStore(self.folder / ".desk/journal.db")
        with contextlib.closing(Journal(store, Redactor())) as journal:
            yield journal

    def _settings(self) -> None:
        channels = f"slack_channel: C0DESK, slack_api: '{self.services.slack}'"
        pages = f"pagerduty_api: '{self.services.pagerduty}'"
        (self.folder / "desk.yaml").write_text(f"channels: {{{channels}, {pages}}}\n")

    def _start(self, *arguments: str) -> forked.Desk:
        secrets = {"DESK_SLACK_BOT_TOKEN": BOT_TOKEN, "DESK_PAGERDUTY_ROUTING_KEY": ROUTING_KEY}
        secrets["DESK_SLACK_SIGNING_SECRET"] = "played-signing-secret"
        return forked.start(
            ["watch", *arguments], cwd=self.folder, env={**os.environ, **secrets}, clock_s=self.shift_s
        )

    def _killed(self, moment: str) -> None:
        """One process, killed at a moment of its first message; at a random one where it has none to send."""
        ready, stop = threading.Event(), threading.Event()

        def at(where: Moment) -> bool:
            """Called by the services while a message is in hand; gives whether it is lost."""
            if stop.is_set() or where != ("before" if moment == "late" else moment):
                return False
            ready.set()
            stop.wait(WAITS_S)
            return moment == "before"

        self.services.in_hand = at
        process = self._start()
        wait_s = self.random.uniform(0.0, 1.5) if moment == "random" else WAITS_S / 8
        ready.wait(wait_s)
        process.kill()
        process.wait()
        process.let_go()
        name = moment if ready.is_set() or moment == "random" else "idle"
        self.kills[name] = self.kills.get(name, 0) + 1
        stop.set()
        self.services.in_hand = None
        time.sleep(0.1)  # what was in hand when its sender died arrives

    def _ended(self) -> None:
        """Processes that nobody kills, until they have nothing to send."""
        before = -1
        while before != (before := self._sent()):
            self.shift_s += SETTLED_S
            _, said = self._start("--once").communicate(60)
            if "error" in said:
                self.faults.append(f"course {self.number}: {said}")

    def _sent(self) -> int:
        services = self.services
        return sum(1 + len(each.updates) for each in services.messages) + len(services.events)

    def _judge(self, journal: Journal) -> None:
        services, found = self.services, dict.fromkeys(PHASES.values(), 0)
        cards = services.cards_of(self.row)
        found["asked"] = len(cards)
        found["reminded"] = sum(len(services.replies(card)) for card in cards)
        found["paged"] = len(services.alerts)
        decided = [entry.body["decision"] for entry in journal.entries(types=("approval_decided",))]
        found["expired"] = len(decided) if decided == ["expired"] else 0
        self.faults += [
            f"course {self.number}: {what} {times} times" for what, times in found.items() if times != 1
        ]
        if not all("nobody answered in time" in card.text for card in cards):
            self.faults.append(f"course {self.number}: a card does not tell that it has expired")
        self.faults += [f"course {self.number}: {each}" for each in services.wrong]
        journal.verify()


def run(kills: int, seed: int, workers: int) -> list[Course]:
    """Courses until so many processes were killed."""
    done: list[Course] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        number = 0
        while sum(sum(each.kills.values()) for each in done) < kills:
            courses = [Course(number + n, seed, Path(folder) / str(number + n)) for n in range(workers)]
            for each in courses:
                each.folder.mkdir()
            number += workers
            done += pool.map(Course.run, courses)
    return done


def main() -> int:
    """Exit code 1 when something was sent twice, or not at all."""
    parser = argparse.ArgumentParser(prog="python -m tests.agent.humans.kills", description=(__doc__ or "")[:100])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7, help="the same seed, the same moments")
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    began = time.monotonic()
    done = run(given.kills, given.seed, given.workers)
    kills: dict[str, int] = {}
    for course in done:
        for moment, times in course.kills.items():
            kills[moment] = kills.get(moment, 0) + times
    faults = [each for course in done for each in course.faults]
    told = ", ".join(f"{moment} {times}" for moment, times in sorted(kills.items()))
    took = timedelta(seconds=round(time.monotonic() - began))
    sys.stdout.write("\n".join([*faults, f"{sum(kills.values())} kills of desk watch ({told}) in {took}"]))
    sys.stdout.write(
        f"; {len(done)} rows, each to be asked, reminded, paged and expired once: {len(faults)} faults\n"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
