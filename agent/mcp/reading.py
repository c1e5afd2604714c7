"""What other agents may read: tools that read the cluster, and texts that are given. Nothing here is a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from agent.git_tokens import git_hosts, git_tokens
from agent.redaction import Redactor
from agent.settings import Settings
from tools.cluster.connect import Where, connect
from tools.errors import ToolFailed
from tools.frame import STDOUT, Rendering, Result, Tool, ToolContext, cap

if TYPE_CHECKING:
    from tools.json import Json


def read(settings: Settings, name: str, arguments: Mapping[str, Any]) -> str:
    """What a reading tool of the catalog says, without secrets; raises `ToolError`, `ClusterError`, `DeskError`."""
    tool = tool_named(name)
    cluster = connect(Where(settings.kubeconfig, settings.context), timeout_s=settings.api_timeout_s)
    redactor = Redactor((cluster.bearer_token() or "", *git_tokens(settings)))
    context = ToolContext(
        cluster=cluster,
        mask=lambda value: cast("Json", redactor.redact(value)),
        git_hosts=git_hosts(settings),
    )
    return redactor.text(
        _told(tool(context, {key: value for key, value in arguments.items() if value is not None}))
    )


def _told(outcome: object) -> str:
    if isinstance(outcome, Result):
        return outcome.text
    if isinstance(outcome, Rendering) and outcome.folder == STDOUT:
        return "\n".join(file.content.decode() for file in outcome.files)
    raise ToolFailed("This tool changes something, and is only proposed.")


def tool_named(name: str) -> Tool:
    """A tool of the catalog; raises `ToolFailed` with the names there are."""
    from tools.catalog import TOOLS

    found = next((tool for tool in TOOLS if tool.name == name), None)
    if found is None:
        raise ToolFailed(f'There is no tool "{name}". There are: {", ".join(tool.name for tool in TOOLS)}.')
    return found


def validated(settings: Settings, manifests: str, namespace: str | None) -> str:
    """What is wrong in manifests that are given as text; the server's own files are nobody's to name."""
    from tools.cluster.errors import ClusterError
    from tools.validation.render import render
    from tools.validation.report import report
    from tools.validation.tool import answers_of, found
    from tools.validation.validate import Against, validate

    redactor = Redactor()

    def mask(value: Json) -> Json:
        return cast("Json", redactor.redact(value))

    reading = found(STDOUT, manifests)
    try:
        cluster = connect(Where(settings.kubeconfig, settings.context), timeout_s=settings.api_timeout_s)
        answers, why = answers_of(cluster, namespace)
    except ClusterError as error:
        answers, why = None, f"what a cluster says: {error}"
    validation = validate(reading, Against(mask=mask, answers=answers))
    validation.not_checked += [why] if why else []
    return redactor.text(cap(render(report(validation), STDOUT), "Give fewer manifests."))
