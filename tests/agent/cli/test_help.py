"""Help: every command with examples that hold, readable at any width, its colours an ornament."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agent.cli import COMMANDS, desk
from agent.cli.examples import EXAMPLES
from tests.agent.conftest import InProcess
from tests.agent.terminal import Terminal

TOP = Path(__file__).parents[3]
HELP = (sys.executable, "-m", "agent", "--help")


def commands(group: click.Group = desk, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of each command, those of groups too."""
    yield before
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name)


def parsed(words: list[str]) -> click.Context:
    """The context of the command that words call; raises `UsageError` for words that it does not take."""
    command: click.Command = desk
    context = click.Context(desk, info_name="desk")
    while isinstance(command, click.Group) and words:
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None
        command = found
        is_group = isinstance(command, click.Group)
        context = click.Context(command, context, name) if is_group else command.make_context(name, words, context)
    return context


def test_every_command_has_examples() -> None:
    assert {" ".join(words) for words in commands()} == set(EXAMPLES)


@pytest.mark.parametrize(("name", "typed"), [(name, typed) for name, all_ in EXAMPLES.items() for _, typed in all_])
def test_an_example_is_taken_as_it_stands(
    name: str, typed: str, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = re.sub(r"^source <\(|\)$| \| source$| < .*$", "", typed)
    context = parsed(shlex.split(words)[1:])
    assert context.command_path.startswith(f"desk {name}".strip())


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in commands():
        said = in_process(*words, "--help")
        assert said.returncode == 0
        assert [line for line in said.stdout.splitlines() if len(line) > columns] == []
        assert re.findall(r"\w\.\.\.$", said.stdout, re.MULTILINE) == []  # nothing is cut off
        assert "\nExamples\n  # " in said.stdout
        assert "\x1b" not in said.stdout  # it is no terminal that reads it


def test_commands_stand_under_what_they_are_for_and_options_under_whom_they_concern(in_process: InProcess) -> None:
    said = in_process("--help").stdout
    headings = re.findall(r"^(\S.*)\n", said, re.MULTILINE)
    assert headings[1:] == [
        "Examples",
        "Why does it not run?",
        "Why is my commit not live?",
        "How is it done here?",
        "Ask in words",
        "Make room for a team",
        "Begin an application",
        "Make what it needs in a cloud",
        "Write manifests, and check them",
        "Decide what waits",
        "See what was done, and undo it",
        "Call a tool by hand",
        "Let other agents ask",
        "Run sessions in a cluster",
        "Set up",
        "Options",
    ]
    assert set(re.findall(r"^  ([a-z-]+)  +\S", said, re.MULTILINE)) >= set(COMMANDS)
    run = in_process("run", "--help").stdout
    own, where, thinks = (run.index(each) for each in ("\nOptions", "\nWhich cluster", "\nWho thinks"))
    assert own < run.index("--dry-run ") < where < run.index("--kubeconfig ") < thinks < run.index("--model ")
    assert "Who thinks" not in in_process("debug-pod", "--help").stdout


def test_colours_are_an_ornament_that_can_be_declined(own_home: Path) -> None:
    def shown(**env: str) -> tuple[str, str]:
        with Terminal(*HELP, env={"PYTHONPATH": str(TOP), **env}, cwd=TOP) as terminal:
            assert terminal.ends() == 0
            return terminal.raw(), terminal.shown()

    coloured, words = shown()
    assert "\x1b[1mSet up\x1b[0m" in coloured
    for declined in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain, same = shown(**declined)
        assert "\x1b" not in plain
        assert same == words
