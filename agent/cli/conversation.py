"""run without a task: a conversation at the terminal. Each task is a session that knows the one before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from agent.errors import DeskError

if TYPE_CHECKING:
    from agent.app import Task
    from agent.settings import Settings

_HELLO = 'What is to be done? Say it in your own words; "it" is what the task before was about. Ctrl-D ends.'
_GOODBYE = ("exit", "quit", "bye", ":q", "ende", "tschüss")


def converse(configured: Settings, asked: Task, answered: Callable[[Task], tuple[int, str]]) -> int:
    """Ask for task after task until there is none; gives the exit code of the last session.

    `answered` runs a task's session: its exit code, and its id. Raises `UsageError` outside a workspace.
    """
    from agent.app import history_of
    from tools.cluster.errors import ClusterError

    code = 0
    history_of(configured)  # where no session can run, none is asked for
    click.echo(_HELLO)
    with contextlib.ExitStack() as stack:
        following = stack.enter_context(_sandbox(asked))
        while (words := _said(following)) is not None:
            try:
                code, session = answered(replace(following, words=words))
                following = _behind(configured, following, session)
            except (DeskError, ClusterError) as error:
                code = _told(error)
            click.echo()
    return code


@contextlib.contextmanager
def _sandbox(asked: Task) -> Iterator[Task]:
    """With one sandbox for the whole conversation, where it is about one."""
    if not asked.sandbox:
        yield asked
        return
    from agent.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield replace(asked, running=sandbox.kubeconfig())


def _said(asked: Task) -> str | None:
    """The next task; None when there is none. The prompt says the namespace that words without one mean."""
    import readline  # noqa: F401  the keys for editing a line, and the lines before it

    prompt = f"desk [{asked.namespace}]> " if asked.namespace else "desk> "
    while True:
        try:
            words = input(prompt).strip()
        except EOFError:
            click.echo()
            return None
        except KeyboardInterrupt:  # the line is dropped, as in a shell
            click.echo()
            continue
        if words.casefold() in _GOODBYE:
            return None
        if words:
            return words


def _behind(configured: Settings, asked: Task, session: str) -> Task:
    """What is asked next begins where this session was about."""
    from agent.app import before_next

    namespace, before = before_next(configured, session)
    return replace(asked, namespace=namespace, before=before)


def _told(error: Exception) -> int:
    from agent.cli import failed

    return failed(error, [])
