"""Commands as a pod's spec has them: a list of words, which no shell takes apart.

Source: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from typing import Literal

from tools.diagnose.facts.containers import Container

ONE_WORD = (
    "A command is a list of words, and no shell takes them apart: a word with spaces in it is the name of one "
    "program, which does not exist."
)
_FIELDS: tuple[Literal["command", "args"], ...] = ("command", "args")
_FOR_A_SHELL = re.compile(r"[|&;<>$`]")


def listed(words: Iterable[object]) -> str:
    """`["sh", "-c", "sleep 9"]`, as a manifest has it."""
    return json.dumps([str(word) for word in words], ensure_ascii=False)


def given(container: Container) -> str:
    """The container's `command` and `args`, each on its own; empty where it has the image's."""
    fields = ((field, container.spec.get(field)) for field in _FIELDS)
    return ", ".join(f"{field}: {listed(words)}" for field, words in fields if words)


def unsplit(container: Container, message: str) -> tuple[Literal["command", "args"], list[str]] | None:
    """Where the runtime looks for a program by the name of a whole line: the field, and its words as meant."""
    for field in _FIELDS:
        if words := [str(word) for word in container.spec.get(field) or ()]:
            return (field, separate(words)) if is_line(words) and words[0] in message else None
    return None


def is_line(words: list[str]) -> bool:
    """Whether the program's name is a whole line."""
    return bool(words) and " " in words[0].strip()


def separate(words: list[str]) -> list[str]:
    """The words of a line, or the line for a shell where only that can read it; with the words after it."""
    line = words[0].strip()
    try:
        split = shlex.split(line)
    except ValueError:
        split = []
    for_a_shell = not split or (_FOR_A_SHELL.search(line) is not None and "-c" not in split)
    return [*(("sh", "-c", line) if for_a_shell else split), *words[1:]]
