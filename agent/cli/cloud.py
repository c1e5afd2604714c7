"""cloud: what an application needs in a cloud. Each command is a tool; its options are the tool's arguments."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from agent.cli.help import Command, Group
from agent.cli.options import common, running, settings
from agent.errors import UsageError

if TYPE_CHECKING:
    from tools.frame import Tool
    from tools.json import Json

SERVICES: Mapping[str, Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "aws": {
        "ecr": (
            "Images: repositories, scans, pull secrets",
            {
                "create": "create_ecr_repository",
                "images": "ecr_images",
                "scan": "scan_ecr_image",
                "pull-secret": "create_ecr_pull_secret",
                "why-no-pull": "why_no_pull",
            },
        ),
        "s3": (
            "Files: buckets, objects, links that end",
            {"create": "create_s3_bucket", "put": "put_s3_object", "list": "s3_objects", "sign": "sign_s3_url"},
        ),
        "secrets": (
            "Secrets: values that nobody sees",
            {
                "create": "create_aws_secret",
                "update": "update_aws_secret",
                "rotate": "rotate_aws_secret",
                "restore": "restore_aws_secret",
                "deliver": "deliver_aws_secret",
                "save": "save_aws_secret",
                "list": "aws_secrets",
            },
        ),
        "rds": (
            "Databases: PostgreSQL and MySQL",
            {"create": "create_rds_database", "show": "rds_databases", "why-not-reached": "why_no_database"},
        ),
    },
    "azure": {
        "acr": (
            "Images: registries, builds, pull secrets",
            {
                "create": "create_acr_registry",
                "build": "build_acr_image",
                "images": "acr_images",
                "pull-secret": "create_acr_pull_secret",
                "why-no-pull": "why_no_acr_pull",
            },
        ),
        "keyvault": (
            "Secrets: vaults, values that nobody sees, who may read",
            {
                "create": "create_key_vault",
                "set": "set_key_vault_secret",
                "access": "give_key_vault_access",
                "recover": "recover_key_vault",
                "deliver": "deliver_key_vault_secret",
                "save": "save_key_vault_secret",
                "list": "key_vaults",
            },
        ),
        **{
            engine: (
                f"Databases: {said}",
                {
                    "create": "create_azure_database",
                    "allow": "allow_azure_address",
                    "show": "azure_databases",
                    "why-not-reached": "why_no_azure_database",
                },
            )
            for engine, said in (("postgres", "PostgreSQL"), ("mysql", "MySQL"))
        },
        "storage": (
            "Files: accounts, containers, blobs, links that end",
            {
                "create": "create_storage_account",
                "container": "create_storage_container",
                "put": "put_storage_blob",
                "list": "storage_blobs",
                "sign": "sign_storage_url",
            },
        ),
    },
}
"""Cloud -> service -> (what it is, command -> the tool that it calls)."""
_FIXED: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("azure", "postgres"): {"engine": "postgres"},
    ("azure", "mysql"): {"engine": "mysql"},
}
"""Service of a cloud -> the arguments that the command itself says."""
_CLOUDS = {
    "aws": "Amazon Web Services: images, buckets, secrets, databases.",
    "azure": "Microsoft Azure: images, secrets, databases, files.",
}
_NAMESPACE = "namespace"
"""An option of each command that runs a session."""
_TYPES = {"integer": click.INT, "number": click.FLOAT}


class _Service(Group):
    """The commands of one service, each made of its tool when it is asked for."""

    def __init__(self, cloud: str, name: str) -> None:
        said, self._tools = SERVICES[cloud][name]
        self._words = ("cloud", cloud, name)
        super().__init__(name, help=f"{said}.")

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As `SERVICES` orders them."""
        return list(self._tools)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that calls a tool; None for a name that is none."""
        return _command((*self._words, cmd_name), self._tools[cmd_name]) if cmd_name in self._tools else None


@click.group(cls=Group)
def cloud() -> None:
    """Make what an application needs in a cloud, inside the guardrails, and see what there is.

    A person approves each change, in every environment. What is made has its owner's tags, and can be undone.
    """


def _add(name: str) -> None:
    group = Group(name, help=_CLOUDS[name])
    for service in SERVICES[name]:
        group.add_command(_Service(name, service))
    cloud.add_command(group)


for _name in SERVICES:
    _add(_name)


def _command(words: tuple[str, ...], name: str) -> click.Command:
    from tools.rooms import tools_for

    tool = next(each for each in tools_for(name) if each.name == name)
    schema = tool.schema
    fixed = _FIXED.get((words[1], words[2]), {})
    needed = [each for each in schema.get("required", ()) if each not in (_NAMESPACE, *fixed)]
    command: Any = partial(_call, words, tool, tuple(needed), fixed)
    command.__click_params__ = []
    command.__name__, command.__doc__ = words[-1], tool.description
    command = common(running(click.option("--dry-run", is_flag=True, help="Show what would be made.")(command)))
    for argument in reversed(schema["properties"]):
        if argument in needed:
            command = click.argument(argument, metavar=argument.upper())(command)
        elif argument not in (_NAMESPACE, *fixed):
            command = _option(argument, schema["properties"][argument])(command)
    return click.command(words[-1], cls=Command)(command)


def _option(argument: str, described: Json) -> Any:
    kinds = [described, *described.get("anyOf", ())]
    said = next(str(each["description"]) for each in kinds if "description" in each)
    kind = next(each for each in kinds if each.get("type") not in (None, "null"))
    flag = f"--{argument.replace('_', '-')}"
    if kind["type"] == "boolean":
        return click.option(flag, is_flag=True, default=None, help=said)
    choices = kind.get("enum")
    default = described.get("default")
    shown = f"{said} Default: {default}." if default not in (None, "") else said
    return click.option(
        flag,
        type=click.Choice(choices) if choices else _TYPES.get(kind["type"], click.STRING),
        multiple=kind["type"] == "array",
        help=shown,
    )


def _call(
    words: tuple[str, ...],
    tool: Tool,
    needed: tuple[str, ...],
    fixed: Mapping[str, str],
    dry_run: bool,
    **given: Any,
) -> NoReturn:
    """A session of one call."""
    from agent.app import Task
    from agent.cli.run import begin, ran
    from tools.errors import ArgumentsError

    names = [name for name in tool.schema["properties"] if given.get(name) not in (None, ())]
    arguments: Json = {name: list(said) if isinstance(said := given[name], tuple) else said for name in names}
    arguments.update(fixed)
    if given.get("file"):  # a tool knows no working directory
        arguments["file"] = str(Path(given["file"]).expanduser().absolute())
    try:
        tool.check(arguments)
    except ArgumentsError as error:
        raise UsageError(str(error)) from error
    said = shlex.join([*words, *(str(given[name]) for name in needed)])
    task = Task(said, None, dry_run=dry_run, call={"tool": tool.name, "arguments": arguments})
    code, _ = ran(settings(given), partial(begin, task), tool=tool.name)
    raise click.exceptions.Exit(code)
