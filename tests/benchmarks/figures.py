"""Figures of a benchmark: medians with their spread, tables, sizes of folders, a process for each measurement."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]
_HOSTILE = ("DESK_", "GIT_", "KUBE", "PYTHON", "ANTHROPIC_")


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of several measurements of one thing."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, measured: Sequence[float]) -> Spread:
        """Of at least one measurement."""
        return cls(statistics.median(measured), min(measured), max(measured))

    def shown(self, digits: int = 2) -> str:
        """`1.23 (1.20-1.40)`."""
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}-{self.most:.{digits}f})"


@dataclass
class Clock:
    """When something happened, again and again.

    `at`: seconds of `time.monotonic`, one clock for all processes of a machine. `cpu`: seconds of this process.
    """

    at: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def tick(self) -> None:
        """It happens now."""
        self.at.append(time.monotonic())
        self.cpu.append(time.process_time())


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns, the first to the left and the others to the right."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: list[str], widths: list[int]) -> str:
    others = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join((cells[0].ljust(widths[0]), *others)).rstrip()


def bytes_in(folder: Path) -> int:
    """The size of all files below a folder, hidden ones and git's too, as their lengths add up."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def environment(home: Path) -> dict[str, str]:
    """What a measured process is given: nothing of this machine's settings, and a git identity."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "gitconfig"
    config.write_text("[user]\n\tname = Kim\n\temail = kim@example.com\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_HOSTILE)}
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_CONFIG_GLOBAL": str(config)}
    return {**kept, **own, "GIT_CONFIG_NOSYSTEM": "1", "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(TOP)}


def measured(module: str, *arguments: object, env: dict[str, str]) -> dict[str, Any]:
    """Run `python -m module`, which measures itself and prints one JSON object."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=TOP, env=env, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
