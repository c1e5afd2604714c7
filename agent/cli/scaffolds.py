"""template-app: a new application from the templates, and newer templates merged into it."""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from agent.cli.help import Command
from agent.cli.options import common, print_document, running, settings
from agent.errors import UsageError

_ANSWERS = ("type", "language", "port", "database", "pipeline", "team", "repository", "registry")


@click.command("template-app", cls=Command)
@click.argument("app", required=False)
@click.option(
    "--type",
    type=click.Choice(["web-api", "worker", "cronjob"]),
    metavar="TYPE",
    help="web-api (default), worker or cronjob.",
)
@click.option(
    "--language",
    type=click.Choice(["python", "node", "go", "java"]),
    metavar="LANGUAGE",
    help="python (default), node, go or java.",
)
@click.option("--port", metavar="PORT", help="Default 8080.")
@click.option(
    "--database",
    type=click.Choice(["postgres", "mysql", "none"]),
    metavar="DATABASE",
    help="postgres, mysql or none (default).",
)
@click.option(
    "--pipeline",
    type=click.Choice(["github", "tekton"]),
    metavar="PIPELINE",
    help="github (default) or tekton.",
)
@click.option("--team", help="Whose it is. Default: platform.")
@click.option("--repository", metavar="URL", help="Where its code will be: https://...")
@click.option("--registry", help="Where its image goes: ghcr.io/acme.")
@click.option("--external-secrets", is_flag=True, help="An ExternalSecret brings the database's password.")
@click.option("--output-dir", metavar="DIR", help="A new folder. Default: ./APP. With -: to standard output.")
@click.option("--update", metavar="DIR", help="Merge the newest template into this application; edits stay.")
@click.option("--backstage", is_flag=True, help="A Backstage template that makes such applications.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@running
@common
def template_app(app: str | None, **given: Any) -> None:
    """Make the application APP: code that builds and answers, tests, Dockerfile, k8s/, pipeline, pages.

    It needs no cluster. `--update DIR` merges what a newer Desk's template changed: what both changed is marked.
    """
    answers = {name: given[name] for name in _ANSWERS if given[name] is not None}
    if given["update"] is not None:
        _update(app, answers, given)
    if app is None:
        raise UsageError("The application's name is missing: desk template-app APP.")
    arguments = {"app": app, **answers, **({"external_secrets": True} if given["external_secrets"] else {})}
    _check(arguments)
    if given["output_dir"] == "-":
        _print(arguments, given)
        return
    folder = _new_folder(app if given["output_dir"] is None else given["output_dir"])
    arguments |= {"port": int(arguments.get("port", 8080)), "backstage": given["backstage"], "folder": folder}
    words = ["template-app", app, "--output-dir", folder]
    _session(words, {"tool": "template_app", "arguments": arguments}, given)


def _update(app: str | None, answers: dict[str, Any], given: dict[str, Any]) -> NoReturn:
    if app is not None or answers or given["output_dir"] is not None:
        raise UsageError("--update takes the folder alone: what it is made from stands in it.")
    folder = str(Path(given["update"]).expanduser().absolute())
    call = {"tool": "update_scaffold", "arguments": {"folder": folder}}
    _session(["template-app", "--update", folder], call, given)


def _check(arguments: dict[str, Any]) -> None:
    """Wrong answers are wrong usage: nothing begins."""
    from tools.scaffolds.answers import AnswersError, answered

    try:
        answered(arguments)
    except AnswersError as error:
        raise UsageError(str(error)) from error


def _new_folder(said: str) -> str:
    """The folder's absolute path, when it can be made or is empty."""
    if not said:
        raise UsageError("--output-dir is empty. Is a variable of the shell not set?")
    folder = Path(said).expanduser().absolute()
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symbolic link: name the folder that it leads to, or a new one.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Name a new folder.")
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty. Name a new folder, or merge into that one: --update {said}.")
    except PermissionError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}.") from error
    above = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(f"{above} cannot be written in. Name a folder elsewhere.")
    return str(folder)


def _print(arguments: dict[str, Any], given: dict[str, Any]) -> None:
    """Nothing is changed, so there is no session."""
    from tools.scaffolds.answers import answered
    from tools.scaffolds.scaffold import scaffold

    answers, output = answered(arguments), given["output"]
    if given["backstage"]:
        from tools.scaffolds.portal import portal

        files = portal(answers)
    else:
        files = scaffold(answers).with_memory()
    if output != "text":
        from agent.surfaces.documents import ScaffoldFiles, WrittenFile

        listed = [WrittenFile(path=path, text=text) for path, text in files.items()]
        return print_document(ScaffoldFiles(app=arguments["app"], files=listed), output)
    for path, text in files.items():
        sys.stdout.write(f"==> {path} <==\n{text}\n")
    return None


def _session(words: list[str], call: dict[str, Any], given: dict[str, Any]) -> NoReturn:
    """A session of one call, which goes through the gate and into the history."""
    from agent.app import Task
    from agent.cli.run import begin, ran

    task = Task(shlex.join(words), None, dry_run=given["dry_run"], call=call, offline=True)
    code, _ = ran(settings(given), partial(begin, task))
    raise click.exceptions.Exit(code)
