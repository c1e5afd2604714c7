"""provision-namespace and deprovision-namespace: a namespace with guardrails in one command."""

from __future__ import annotations

import shlex
from functools import partial
from typing import Any, NoReturn

import click

from agent.cli.help import Command
from agent.cli.options import common, running, settings
from agent.errors import UsageError

_ANY_LIMITS = {"cpu": "10k", "memory": "1Pi"}
"""What is not given may be as it was provisioned: the tool, which reads that, compares requests with limits."""
_VALUES = (
    "pull_secret",
    "registry",
    "username",
    "team",
    "cpu",
    "memory",
    "cpu_requests",
    "memory_requests",
    "storage",
    "cost_center",
    "group",
)
_LISTS = ("members", "viewers")


@click.command("provision-namespace", cls=Command)
@click.argument("name", metavar="NAMESPACE")
@click.argument(
    "environment",
    type=click.Choice(["dev", "qa", "test", "staging", "prod"]),
    required=False,
    metavar="[ENVIRONMENT]",
)
@click.option("--team", help="Whose it is. Default: the name without its environment.")
@click.option("--cpu", help="CPU limit of all pods together: 8, 500m. Default 8, of which requests 4.")
@click.option("--memory", help="Memory limit of all pods together: 16Gi. Default 16Gi, of which requests 8Gi.")
@click.option("--cpu-requests", help="Default: half of --cpu.")
@click.option("--memory-requests", help="Default: half of --memory.")
@click.option("--storage", help="All claims together: 100Gi. Default: no bound.")
@click.option("--cost-center", help="Label cost-center.")
@click.option("--group", help="A group that gets edit, as the cluster's login names it.")
@click.option("--members", help="Users that get edit, with commas; replaces who has it.")
@click.option("--viewers", help="Users that get view, with commas; replaces who has it.")
@click.option(
    "--pull-secret",
    metavar="SOURCE",
    help="The registry's login: a docker config's FILE, or NAMESPACE/NAME of a pull secret to copy.",
)
@click.option("--registry", help="With --username: --pull-secret is a file that holds the password.")
@click.option("--username", help="User at the registry.")
@click.option(
    "--close",
    "closed",
    metavar="TRAFFIC",
    multiple=True,
    type=click.Choice(["dns", "same-namespace", "ingress-controller", "monitoring", "api-server"]),
    help="Not let through: dns, same-namespace, ingress-controller, monitoring or api-server. May be given again.",
)
@click.option("--check", is_flag=True, help="Change nothing: tell what is no longer as provisioned, and by whom.")
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster.")
@click.option("--dry-run", is_flag=True, help="Show what would be made, and make nothing.")
@running
@common
def provision_namespace(
    name: str, environment: str | None, check: bool, sandbox: bool, dry_run: bool, **given: Any
) -> None:  # fmt: skip
    """Make NAMESPACE with its guardrails, or bring it up to them: quota, limits, network policies, access.

    ENVIRONMENT is dev, qa, test, staging or prod. Default: as it was provisioned, else what the name says, else
    dev. What is not given stays as it is; a second run changes nothing. In dev it is done at once, elsewhere a
    person approves it.
    """
    tool = "check_namespace" if check else "provision_namespace"
    arguments = {"namespace": name} if check else _arguments(name, environment, given)
    words = ["provision-namespace", name, *([environment] if environment else []), *(["--check"] if check else [])]
    _call(words, tool, arguments, given, sandbox=sandbox, dry_run=dry_run)


@click.command("deprovision-namespace", cls=Command)
@click.argument("name", metavar="NAMESPACE")
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster.")
@click.option("--dry-run", is_flag=True, help="Show what would be lost, and delete nothing.")
@running
@common
def deprovision_namespace(name: str, sandbox: bool, dry_run: bool, **given: Any) -> None:
    """Delete NAMESPACE with all that is in it. Somebody else approves it, always; in prod it is Flow's."""
    words = ["deprovision-namespace", name]
    _call(words, "deprovision_namespace", {"namespace": name}, given, sandbox=sandbox, dry_run=dry_run)


def _call(
    words: list[str], tool: str, arguments: dict[str, Any], given: dict[str, Any], *, sandbox: bool, dry_run: bool
) -> NoReturn:
    """A session of one call, and its document."""
    from agent.app import Task
    from agent.cli.run import begin, ran
    from agent.surfaces.session_documents import provisioning

    _check(tool, arguments)
    call = {"tool": tool, "arguments": arguments}
    task = Task(shlex.join(words), None, sandbox, dry_run=dry_run, call=call)  # it may not be there yet
    code, _ = ran(settings(given), partial(begin, task), provisioning, tool=tool)
    raise click.exceptions.Exit(code)


def _arguments(name: str, environment: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """The tool's arguments: those that were given."""
    from tools.provisioning.specification import listed

    arguments = {"namespace": name, "environment": environment, "closed": list(given["closed"]) or None}
    arguments |= {flag: given[flag] for flag in _VALUES}
    arguments |= {flag: list(listed(given[flag])) for flag in _LISTS if given[flag] is not None}
    return {argument: value for argument, value in arguments.items() if value is not None}


def _check(tool: str, arguments: dict[str, Any]) -> None:
    """Wrong values are wrong usage: no session begins."""
    from tools.errors import ArgumentsError
    from tools.provisioning.specification import SpecificationError, specified
    from tools.rooms import tools_for

    try:
        checked = next(known for known in tools_for(tool) if known.name == tool).check(arguments)
        if tool == "provision_namespace":
            specified(checked.pop("namespace"), checked, _ANY_LIMITS)
    except (ArgumentsError, SpecificationError) as error:
        raise UsageError(str(error)) from error
