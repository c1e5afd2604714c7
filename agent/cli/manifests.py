"""generate-manifest: an application's manifests, printed, written into a folder, or applied."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from agent.cli.help import Command
from agent.cli.options import common, print_document, running, settings
from agent.errors import UsageError
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.surfaces.documents import Manifests
    from tools.manifests.generation import Generated

_GIVEN = {
    "type": "type", "image": "image", "namespace": "namespace", "port": "ports", "replicas": "replicas",
    "hpa": "hpa", "host": "host", "ingress_class": "ingress_class", "gateway_name": "gateway", "env": "env",
    "env_from_secret": "env_from_secret", "volume": "volumes", "egress": "egress", "schedule": "schedule",
    "cpu": "cpu", "memory": "memory", "service_monitor": "service_monitor", "platform": "platform",
}  # fmt: skip
"""Option -> what `tools.manifests.specification.specified` calls it."""
_EXPOSURES = ("ingress", "route", "gateway")
_FREE = frozenset({"env", "config", "command"})
"""What people write as they like; everything else has a form that no secret has."""
_ASKED_WITHIN_S = 5.0
"""Where manifests are printed, a cluster that is not there is not waited for longer."""
_MOST_FILE_BYTES = 1_000_000


@click.command("generate-manifest", cls=Command)
@click.argument("app")
@click.option("--image", help="REGISTRY/NAME:TAG, or with @sha256:... behind it.")
@click.option(
    "--type",
    type=click.Choice(["deployment", "statefulset", "daemonset", "cronjob", "job"]),
    metavar="TYPE",
    help="deployment (default), statefulset, daemonset, cronjob or job.",
)
@click.option("--port", multiple=True, metavar="[NAME:]PORT", help="Default 8080; none: it has none. Repeatable.")
@click.option("--replicas", metavar="N", help="Default 2.")
@click.option("--hpa", metavar="MIN:MAX", help="An autoscaler instead of --replicas.")
@click.option("--host", help="Under which it is reached: pay.example.com.")
@click.option("--ingress", is_flag=True, help="By an Ingress. Default: what the cluster serves.")
@click.option("--route", is_flag=True, help="By a Route of OpenShift.")
@click.option("--gateway", is_flag=True, help="By an HTTPRoute.")
@click.option("--ingress-class", metavar="NAME", help="Default: the cluster's.")
@click.option("--gateway-name", metavar="[NS/]NAME", help="Of the Gateway. Default: the cluster's.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="A variable; no secrets. Repeatable.")
@click.option(
    "--env-from-secret",
    multiple=True,
    metavar="SECRET",
    help="A Secret's keys as variables, or one: NAME=SECRET/KEY. Repeatable.",
)
@click.option("--config-file", multiple=True, metavar="FILE", help="Mounted in /etc/APP. Repeatable.")
@click.option(
    "--volume",
    multiple=True,
    metavar="NAME:PATH:SIZE",
    help="Kept by a statefulset, elsewhere gone with the pod. Repeatable.",
)
@click.option(
    "--egress",
    multiple=True,
    metavar="WHOM:PORT",
    help="Whom it asks: an application of the namespace, or a CIDR. Repeatable.",
)
@click.option("--schedule", metavar="CRON", help='When a cronjob runs, in UTC: "0 3 * * *".')
@click.option("--command", metavar="TEXT", help="Program and arguments. Default: the image's.")
@click.option("--cpu", metavar="REQUEST[:LIMIT]", help="Default 100m:500m.")
@click.option("--memory", metavar="REQUEST[:LIMIT]", help="Default 128Mi:512Mi.")
@click.option("--service-monitor", is_flag=True, help="Have the Prometheus operator read /metrics.")
@click.option(
    "--for",
    "platform",
    type=click.Choice(["kubernetes", "openshift"]),
    metavar="PLATFORM",
    help="kubernetes or openshift. Default: what the cluster is.",
)
@click.option("--output-dir", metavar="DIR", help="Default -, which is standard output.")
@click.option("--apply", is_flag=True, help="Make them in the cluster, and wait until they are healthy.")
@click.option("--offline", is_flag=True, help="Ask no cluster.")
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster.")
@click.option("--dry-run", is_flag=True, help="Show what would be written or made.")
@running
@common
def generate_manifest(app: str, **given: Any) -> None:
    """Write the manifests of APP: secure by default, and as the cluster serves them.

    They are printed, where no other folder is said. A cluster is asked when a namespace, a host or a ServiceMonitor
    is given: for its quotas and limits, and for the kinds it serves. Without one, what is assumed is said.
    """
    _refuse_contradictions(given)
    arguments = {"app": app, **_asked(given)}
    _check(arguments)
    if given["apply"] or given["output_dir"] not in (None, "-"):
        _session(arguments, given)
    else:
        _print(arguments, given)


def _refuse_contradictions(given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value == "" or (isinstance(value, tuple) and "" in value):
            raise UsageError(f"--{name.replace('_', '-')} is empty. Is a variable of the shell not set?")
    if sum(given[name] for name in _EXPOSURES) > 1:
        raise UsageError("--ingress, --route, --gateway: give one of them.")
    if given["apply"] and (given["output_dir"] is not None or given["offline"]):
        raise UsageError("--apply makes them in a cluster: give it without --output-dir and --offline.")


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """What is asked for, in the words of the specification and the tools."""
    asked = {argument: given[option] for option, argument in _GIVEN.items()}
    asked["exposure"] = next((name for name in _EXPOSURES if given[name]), None)
    asked["config"] = _config(given["config_file"])
    asked["command"] = _words(given["command"]) if given["command"] else None
    asked = {name: list(value) if isinstance(value, tuple) else value for name, value in asked.items()}
    return {name: value for name, value in asked.items() if value}


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"command {command!r}: a quote is not closed.") from error


def _config(paths: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in map(Path, paths):
        if path.name in found:
            raise UsageError(f"--config-file {path}: there are two files named {path.name}.")
        found[path.name] = _text(path)
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_FILE_BYTES + 1)
        return content.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"--config-file {path} is no UTF-8 text: bring it in by the image or a volume.") from error
    except OSError as error:
        raise UsageError(f"--config-file {path} cannot be read: {error.strerror}.") from error


def _check(arguments: dict[str, Any]) -> None:
    """Wrong values are wrong usage: nothing begins, and no cluster is asked."""
    from tools.manifests.specification import SpecificationError, specified

    try:
        specified(**arguments)
    except SpecificationError as error:
        raise UsageError(str(error)) from error


def _print(arguments: dict[str, Any], given: dict[str, Any]) -> None:
    """Nothing is changed, so there is no session: the files on standard output, what is to be known beside it."""
    made = _generated(arguments, given)
    if _FREE & arguments.keys():
        _refuse_secrets(made)
    if given["output"] != "text":
        print_document(_document(made), given["output"])
        return
    sys.stdout.flush()
    sys.stdout.buffer.write("".join(text for _, text in made.files).encode())
    sys.stdout.flush()
    for remark in made.remarks:
        click.echo(remark, err=True)


def _generated(arguments: dict[str, Any], given: dict[str, Any]) -> Generated:
    """As the cluster has it where one is to be asked and answers, else as it is supposed."""
    from tools.manifests.generation import generated

    depends = arguments.keys() & {"namespace", "host", "service_monitor"}
    if given["offline"] or not (depends or given["sandbox"]):
        return generated(arguments)
    from tools.cluster.connect import Where, connect
    from tools.cluster.errors import ClusterSettingsError, Unreachable

    timeout_s = min(given["api_timeout_s"], _ASKED_WITHIN_S)
    try:
        with ExitStack() as stack:
            where = Where(given["kubeconfig"], given["context"])
            if given["sandbox"]:
                from agent.sandbox import Sandbox

                where = Where(document=stack.enter_context(Sandbox()).kubeconfig())
            return generated(arguments, connect(where, timeout_s=timeout_s))
    except (ClusterSettingsError, Unreachable) as error:
        if isinstance(error, ClusterSettingsError) and (given["kubeconfig"] or given["context"]):
            raise
        click.echo(f"no cluster: {plain(str(error))}", err=True)
    return generated(arguments)


def _refuse_secrets(made: Generated) -> None:
    from agent.redaction import Redactor

    redactor = Redactor()
    for name, text in made.files:
        line = redactor.line_of_secret(text.encode())
        if line is not None:
            raise UsageError(
                f"{name}, line {line}: there is a secret. Nothing was printed: keep it in a Secret of the cluster, "
                "and name that with --env-from-secret."
            )


def _document(made: Generated) -> Manifests:
    from agent.surfaces.documents import Excepted, Manifests, WrittenFile

    return Manifests(
        app=made.wanted.app,
        namespace=made.wanted.namespace,
        files=[WrittenFile(path=name, text=text) for name, text in made.files],
        assumed=list(made.assumed),
        lacking=list(made.lacking),
        excepted=[Excepted(object=each.object, demand=each.demand, why=each.why) for each in made.excepted],
    )


def _session(arguments: dict[str, Any], given: dict[str, Any]) -> NoReturn:
    """A session of one call, which goes through the gate and into the history."""
    from agent.app import Task
    from agent.cli.run import begin, ran

    if given["apply"]:
        tool, to = "apply_application", ["--apply"]
    else:
        tool, to = "generate_manifest", ["--output-dir", given["output_dir"]]
        arguments = {**arguments, "folder": str(Path(given["output_dir"]).expanduser().absolute())}
    call = {"tool": tool, "arguments": arguments}
    task = Task(
        shlex.join(["generate-manifest", arguments["app"], *to]), sandbox=given["sandbox"],
        dry_run=given["dry_run"], call=call, offline=given["offline"],
    )  # fmt: skip
    code, _ = ran(settings(given), partial(begin, task))
    raise click.exceptions.Exit(code)
