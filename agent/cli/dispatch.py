"""dispatch: sessions as Kubernetes Jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli import completing
from agent.cli.help import Command
from agent.cli.options import common, print_document, setting, settings
from agent.errors import UsageError
from agent.surfaces.streams import read_input
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.dispatch.dispatcher import Made
    from agent.dispatch.request import Request


@click.command(cls=Command)
@click.argument("task", required=False)
@click.option("--session-key", metavar="KEY", help="Your name for the task: the same KEY is the same session.")
@click.option(
    "-f",
    "--file",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    shell_complete=completing.file,
    help="Requests as YAML documents: task, session_key, namespace, read_only, dry_run; - reads standard input.",
)
@click.option("--read-only", is_flag=True, help="Change nothing: only look and explain.")
@click.option("--dry-run", is_flag=True, help="Ask the API server what would change, and change nothing.")
@click.option("--watch", is_flag=True, help="Go on with sessions whose Jobs have ended, until it is stopped.")
@setting("namespace")
@common
def dispatch(
    task: str | None,
    session_key: str | None,
    file: Path | None,
    read_only: bool,
    dry_run: bool,
    watch: bool,
    **given: Any,
) -> None:
    """Run TASK as a Kubernetes Job, one for each session key; a second time, it is the same Job.

    `dispatch` in desk.yaml says how: docs/dispatch.md. With --watch it makes the next Job of a session whose pod
    was killed, whose approval was decided, or that was handed over. Several at once make each Job once.
    """
    from agent.app import dispatch as run
    from agent.app import dispatcher_of

    configured = settings(given)
    if watch:
        if task is not None or session_key or file:
            raise UsageError("--watch makes no new session: give the task without it.")
        return run(configured, lambda made: _say(made, configured.output))
    asked = list(
        _requests(file) if file else [_request(task, session_key, configured.namespace, read_only, dry_run)]
    )
    with dispatcher_of(configured) as dispatcher:
        for request in asked:
            _say(dispatcher.dispatch(request), configured.output)
    return None


def _request(
    task: str | None, session_key: str | None, namespace: str | None, read_only: bool, dry_run: bool
) -> Request:
    from agent.dispatch.request import parsed

    if task is None or session_key is None:
        raise UsageError(
            'Say what to do, and your name for it: desk dispatch "fix checkout in shop-dev" --session-key T-17.'
        )
    given = {"task": task, "session_key": session_key, "read_only": read_only, "dry_run": dry_run}
    return parsed({**given, **({"namespace": namespace} if namespace else {})}, "What was given")


def _requests(file: Path) -> Iterator[Request]:
    import yaml

    from agent.dispatch.request import parsed

    try:
        text = read_input("--file") if str(file) == "-" else file.read_text()
        documents = [each for each in yaml.safe_load_all(text) if each is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{file} cannot be read: {' '.join(str(error).split())[:300]}. Mend it.") from error
    if not documents:
        raise UsageError(f"{file} has no request. Next: give `task` and `session_key` in it.")
    return (parsed(each, f"Document {number} of {file}") for number, each in enumerate(documents, 1))


def _say(made: Made, output: str) -> None:
    if output != "text":
        from agent.surfaces.documents import Dispatched

        print_document(
            Dispatched(
                session_key=made.session_key,
                namespace=made.namespace,
                job=made.name,
                created=made.new,
                why=made.why,
            ),
            "jsonl",
        )
    elif made.name:
        why = f" ({made.why})" if made.why else ""
        click.echo(
            plain(f"{made.session_key}: job.batch/{made.name} {'created' if made.new else 'unchanged'}{why}")
        )
    else:
        click.echo(plain(f"{made.session_key}: no other Job is made: {made.why}"))
