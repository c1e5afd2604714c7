"""onboard-team, offboard-member, rotate-kubeconfig: all that a team needs, and its members."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from agent.cli.help import Command
from agent.cli.options import common, running, settings
from agent.errors import UsageError

_VALUES = ("group", "cpu", "memory", "pull_secret", "registry", "username", "argocd_namespace")


@click.command("onboard-team", cls=Command)
@click.argument("team")
@click.option("--namespaces", required=True, help="With commas; each name says its environment: web-dev.")
@click.option("--members", default="", help="Users that get edit, with commas, as the cluster's login names them.")
@click.option("--group", help="A group that gets edit.")
@click.option("--cpu", help="CPU limit of each namespace. Default 8, of which requests 4.")
@click.option("--memory", help="Memory limit of each namespace. Default 16Gi, of which requests 8Gi.")
@click.option("--kubeconfig-dir", metavar="DIR", help="A kubeconfig a member, into this folder, with mode 0600.")
@click.option(
    "--pull-secret",
    metavar="SOURCE",
    help="The registry's login: a docker config's FILE, or NAMESPACE/NAME of a pull secret to copy.",
)
@click.option("--registry", help="With --username: --pull-secret is a file that holds the password.")
@click.option("--username", help="User at the registry.")
@click.option("--repo", "repos", multiple=True, metavar="URL", help="A repository to deploy from. Several times.")
@click.option("--argocd-namespace", help="Argo CD's own namespace. Default: argocd.")
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster.")
@click.option("--dry-run", is_flag=True, help="Show what would be made, and make nothing.")
@running
@common
def onboard_team(team: str, sandbox: bool, dry_run: bool, **given: Any) -> None:
    """Bring TEAM on board: namespaces, access, pull secrets, an Argo CD project, a page, as one plan.

    What is there stays; what is missing is made. It can be stopped at any time and goes on with `desk resume`. It
    ends with a checklist: done, skipped and why, waiting for whom.
    """
    arguments = {"team": team, "repos": list(given["repos"]) or None, **_people(given)}
    arguments |= {flag: given[flag] for flag in _VALUES}
    arguments["kubeconfig_dir"] = _absolute(given["kubeconfig_dir"])
    words = ["onboard-team", team, "--namespaces", given["namespaces"]]
    call = {name: value for name, value in arguments.items() if value is not None}
    _call(words, "onboard_team", call, given, sandbox=sandbox, dry_run=dry_run)


@click.command("offboard-member", cls=Command)
@click.argument("team")
@click.argument("member")
@click.option("--dry-run", is_flag=True, help="Show what would be taken, and take nothing.")
@running
@common
def offboard_member(team: str, member: str, dry_run: bool, **given: Any) -> None:
    """Take all access of MEMBER to TEAM's namespaces: bindings, accounts, kubeconfigs. Somebody else approves it.

    What cannot be taken is listed: certificates and until when they are valid, and production, which is Flow's.
    """
    arguments = {"team": team, "member": member}
    _call(["offboard-member", team, member], "offboard_member", arguments, given, sandbox=False, dry_run=dry_run)


@click.command("rotate-kubeconfig", cls=Command)
@click.argument("team")
@click.argument("member")
@click.option("--kubeconfig-dir", metavar="DIR", help="Where the file goes. Default: where it was.")
@click.option("--dry-run", is_flag=True, help="Show what would be replaced, and replace nothing.")
@running
@common
def rotate_kubeconfig(team: str, member: str, kubeconfig_dir: str | None, dry_run: bool, **given: Any) -> None:
    """Replace the tokens in MEMBER's kubeconfig for TEAM's namespaces; those before answer 401 from then on."""
    arguments = {"team": team, "member": member, "kubeconfig_dir": _absolute(kubeconfig_dir)}
    call = {name: value for name, value in arguments.items() if value is not None}
    _call(["rotate-kubeconfig", team, member], "rotate_kubeconfig", call, given, sandbox=False, dry_run=dry_run)


def _absolute(folder: str | None) -> str | None:
    return None if folder is None else str(Path(folder).expanduser().absolute())


def _people(given: dict[str, Any]) -> dict[str, Any]:
    from tools.provisioning.specification import listed

    return {"namespaces": list(listed(given["namespaces"])), "members": list(listed(given["members"])) or None}


def _call(
    words: list[str], tool: str, arguments: dict[str, Any], given: dict[str, Any], *, sandbox: bool, dry_run: bool
) -> NoReturn:
    """A session of one call, and its document."""
    from agent.app import Task
    from agent.cli.run import begin, ran
    from agent.surfaces.onboarding import onboarding

    _check(tool, arguments)
    call = {"tool": tool, "arguments": arguments}
    task = Task(shlex.join(words), None, sandbox, dry_run=dry_run, call=call)  # nothing of it may be there yet
    code, _ = ran(settings(given), partial(begin, task), onboarding)
    raise click.exceptions.Exit(code)


def _check(tool: str, arguments: dict[str, Any]) -> None:
    """Wrong values are wrong usage: no session begins."""
    from tools.errors import ArgumentsError, ToolFailed
    from tools.provisioning import members
    from tools.provisioning.kubeconfigs import folder_of
    from tools.provisioning.pulling import credentials_from
    from tools.provisioning.team import check
    from tools.provisioning.tools import TOOLS

    try:
        checked = next(known for known in TOOLS if known.name == tool).check(arguments)
        if tool == "onboard_team":
            credentials_from(checked["pull_secret"], checked["registry"], checked["username"])
            given = {name: checked[name] for name in ("team", "members", "group", "cpu", "memory")}
            if checked["kubeconfig_dir"]:
                folder_of(checked["kubeconfig_dir"])
            check(checked["namespaces"], given, checked["repos"] or (), checked["argocd_namespace"])
        else:
            members.check(tool, checked["member"], checked.get("kubeconfig_dir"))
    except (ArgumentsError, ToolFailed) as error:
        raise UsageError(str(error)) from error
