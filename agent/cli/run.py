"""run, resume, call, rollback: the commands that run a session."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from agent.cli import completing
from agent.cli.help import Command
from agent.cli.options import common, print_document, running, settings
from agent.errors import ExitCode, UsageError
from agent.surfaces.streams import discard_output, read_input
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.app import Task
    from agent.journal.journal import Entry
    from agent.journal.view import SessionView
    from agent.session.context import Surface
    from agent.settings import Settings
    from agent.surfaces.documents import Document


@click.command(cls=Command)
@click.argument("task", required=False)
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster full of faults.")
@click.option("--read-only", is_flag=True, help="Change nothing: only look and explain.")
@click.option("--dry-run", is_flag=True, help="Ask the API server what would change, and change nothing.")
@click.option("--continue", "goes_on", is_flag=True, help="Go on with the task that was handed over last.")
@click.option(
    "--session-key", metavar="KEY", help="Your name for the task: the same KEY goes on with it where it stands."
)
@click.option("--as-job", is_flag=True, hidden=True, help="End as the pod of a Job: `desk dispatch` says it.")
@running
@common
def run(
    task: str | None,
    sandbox: bool,
    read_only: bool,
    dry_run: bool,
    goes_on: bool,
    session_key: str | None,
    as_job: bool,
    **given: Any,
) -> None:
    """Do TASK, said in words: "checkout keeps crashing in shop-dev, find out why and fix it".

    - as TASK reads it from standard input. Without TASK, at a terminal, it is a conversation: each task is a
    session of its own that knows the one before, so that "and now scale it to 3" says enough. Which one "it" is,
    Desk says. Its exit code is the last session's.

    A session that ends with exit code 4, as its model's context is full, has committed what it did; --continue
    begins a new one with that task, which is told what is done. For a program that starts sessions, --session-key
    is all it needs: the same command begins the task, resumes it, follows it up, or tells again how it ended.
    """
    from agent.app import Task, handed_over
    from agent.cli.conversation import converse

    if task == "-":
        task = read_input("The task").strip()
    if task is not None and not task.strip():
        raise UsageError(f"The task is empty. {_SAY}")
    configured = settings(given)
    if goes_on:
        if task is not None or sandbox or read_only or dry_run or session_key:
            raise UsageError(
                "--continue takes the task, and how it is done, from the session before: give no other."
            )
        code, _ = _answered(configured, handed_over(configured))
        raise click.exceptions.Exit(code)
    asked = Task(task or "", configured.namespace, sandbox, read_only, dry_run, session_key=session_key or "")
    if session_key is not None:
        if not session_key.strip() or len(session_key) > MAX_KEY:
            raise UsageError(f"--session-key is empty, or longer than {MAX_KEY} characters.")
        code, _ = ran(configured, partial(_by_key, asked))
        raise click.exceptions.Exit(_for_kubernetes(code) if as_job else code)
    if task is not None:
        code, _ = _answered(configured, asked)
    elif _at_terminal(configured):
        code = converse(configured, asked, partial(_answered, configured))
    else:
        raise UsageError(f"There is no task, and no terminal to ask for one at. {_SAY}")
    raise click.exceptions.Exit(code)


MAX_KEY = 200
OUTCOMES = (ExitCode.DONE, ExitCode.WAITING, ExitCode.HANDED_OVER, ExitCode.OUTSIDE_REMIT, ExitCode.REJECTED)
"""What a session may come to without a failure."""
TERMINATION_LOG = Path("/dev/termination-log")
"""What a container says at its end. Source: https://kubernetes.io/docs/tasks/debug/debug-application/
determine-reason-pod-failure/."""
_SAY = 'Say what to do: desk run "why does checkout crash in shop-dev?"'


def _for_kubernetes(code: int) -> int:
    """The exit code for Kubernetes, which takes all but 0 for failures; the pod's status says the session's."""
    if TERMINATION_LOG.exists():
        TERMINATION_LOG.write_text(f"desk exit code {code} ({ExitCode(code).name.lower()})\n")
    return int(ExitCode.DONE) if code in OUTCOMES else code


def _answered(configured: Settings, asked: Task) -> tuple[int, str]:
    """The exit code of a task's session, and the session; of an unclear one, of the reading that is chosen."""
    while True:
        code, session = ran(configured, partial(begin, asked))
        chosen = _chosen_reading(configured, session) if code == ExitCode.USAGE else None
        if chosen is None:
            return code, session
        words, one = chosen
        asked = replace(asked, words=words, call=one)


def _at_terminal(configured: Settings) -> bool:
    return configured.output == "text" and sys.stdin.isatty() and sys.stdout.isatty()


@click.command(cls=Command)
@click.argument("session", required=False, shell_complete=completing.open_session)
@running
@common
def resume(session: str | None, **given: Any) -> None:
    """Go on with SESSION (default: the newest that can now) where its journal says, as who began it."""
    from agent.app import resume as go_on

    configured = settings(given)
    _run(configured, lambda configured, surface: go_on(configured, session or _next(configured), surface))


@click.command(cls=Command)
@click.argument("tool", shell_complete=completing.tool)
@click.option("--json", "arguments", default="{}", help="The arguments as a JSON object; - reads standard input.")
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster full of faults.")
@click.option("--dry-run", is_flag=True, help="Ask the API server what would change, and change nothing.")
@running
@common
def call(tool: str, arguments: str, sandbox: bool, dry_run: bool, **given: Any) -> None:
    """Call one TOOL by hand, through the same gate and journal. `desk tools` lists them."""
    from agent.app import Task
    from tools.catalog import TOOLS
    from tools.errors import ArgumentsError

    found = next((known for known in TOOLS if known.name == tool), None)
    if found is None:
        raise UsageError(f'There is no tool "{tool}". `desk tools` lists them.')
    configured = settings(given)
    parsed = _arguments(read_input("--json") if arguments == "-" else arguments)
    if configured.namespace and "namespace" in found.schema["properties"]:
        parsed.setdefault("namespace", configured.namespace)
    try:
        found.check(parsed)
    except ArgumentsError as error:
        raise UsageError(str(error)) from error
    words = f"{tool} {json.dumps(parsed, sort_keys=True)}"
    one = {"tool": tool, "arguments": parsed}
    task = Task(words, configured.namespace, sandbox, dry_run=dry_run, call=one)
    _run(configured, partial(begin, task), aside=found.prints(parsed))


@click.command(cls=Command)
@click.argument("commit", shell_complete=completing.change_commit)
@click.option("--dry-run", is_flag=True, help="Ask the API server what would change, and change nothing.")
@running
@common
def rollback(commit: str, dry_run: bool, **given: Any) -> None:
    """Undo what COMMIT changed on the cluster, through the gate; the undoing is itself a commit.

    What is undone is what this workspace's journal says was done. Waits until what was rolled is up again.
    """
    from agent.app import rollback as undo

    _run(settings(given), lambda configured, surface: undo(configured, commit, surface, dry_run=dry_run))


def _next(configured: Settings) -> str:
    """The session to go on with; the others are told beside the output, which a program may read."""
    from agent.app import next_session

    choice = next_session(configured)
    for line in choice.others:
        click.echo(plain(line), err=True)
    return choice.session


def _arguments(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f'--json is not JSON: {error}. Give an object: --json \'{{"namespace": "shop"}}\'.'
        ) from error
    if not isinstance(parsed, dict):
        raise UsageError('--json must be a JSON object: --json \'{"namespace": "shop"}\'.')
    return parsed


def begin(asked: Task, configured: Settings, surface: Surface) -> int:
    from agent.app import start

    return start(configured, asked, surface)


def _by_key(asked: Task, configured: Settings, surface: Surface) -> int:
    from agent.app import by_key

    return by_key(configured, asked, surface)


def _chosen_reading(configured: Settings, session: str) -> tuple[str, dict[str, Any] | None] | None:
    """Which of the things that an unclear task may mean the person at the terminal chooses: words, or a call."""
    import contextlib

    from agent.app import open_journal
    from agent.journal.view import load_view

    if not _at_terminal(configured):
        return None
    with contextlib.closing(open_journal(configured)) as journal:
        closed = load_view(journal, session).closed
    readings = closed.readings if closed is not None else []
    if not readings:
        return None
    none = f"1 to {len(readings)}, or Enter for none of them"
    answer = click.prompt(f"Which one ({none})", default="", show_default=False).strip()
    if not (answer.isdigit() and 1 <= int(answer) <= len(readings)):
        return None
    reading = readings[int(answer) - 1]
    _, command, *rest = shlex.split(reading["command"])
    if command == "call":
        tool, _, arguments = rest
        return reading["words"], {"tool": tool, "arguments": json.loads(arguments)}
    return reading["words"], None


def _run(configured: Settings, work: Callable[[Settings, Surface], int], *, aside: bool = False) -> NoReturn:
    code, _ = ran(configured, work, aside=aside)
    raise click.exceptions.Exit(code)


def ran(
    configured: Settings,
    work: Callable[[Settings, Surface], int],
    document: Callable[[SessionView], Document] | None = None,
    *,
    aside: bool = False,
    tool: str = "",
) -> tuple[int, str]:
    """The exit code of a session, and the session; a document of it is printed where one is wanted.

    `aside`: its files go to standard output, and what is said of it, as text, to standard error. `tool`: the only
    one it calls; empty: any.
    """
    surface, last = _surface(configured.output, tool, aside=aside)
    try:
        code = work(configured, surface)
    finally:
        close = getattr(surface, "close", None)
        if close is not None:
            close()
    if configured.output == "json" and last:
        _print(configured, last[0], document)
    return code, last[0] if last else ""


def _surface(output: str, tool: str, *, aside: bool) -> tuple[Surface, list[str]]:
    """The surface for an output, and the session it has seen."""
    from agent.surfaces.console import JsonLines, LiveConsole, Quiet
    from tools.rooms import tools_for

    seen: list[str] = []
    if output == "jsonl":
        return JsonLines(), seen

    class Console(LiveConsole):
        def entry(self, entry: Entry) -> None:
            seen[:] = [entry.session]
            super().entry(entry)

    class Remember(Quiet):
        def entry(self, entry: Entry) -> None:
            seen[:] = [entry.session]

    if output != "text":
        return Remember(), seen
    risks = {each.name: each.risk.value for each in tools_for(tool)}
    return Console(risks=risks, aside=aside), seen


def _print(configured: Settings, session: str, document: Callable[[SessionView], Document] | None) -> None:
    import contextlib

    from agent.app import open_journal
    from agent.journal.view import load_view
    from agent.surfaces.session_documents import session as whole

    with contextlib.closing(open_journal(configured)) as journal:
        printed = (document or whole)(load_view(journal, session))
    try:
        print_document(printed, configured.output)
    except BrokenPipeError:  # the session is over all the same, with its own exit code
        discard_output()
