"""Run a pipeline again, let what is paused begin, name a build's secret. The functions only plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tools.changes.build import create_change, patch_change
from tools.changes.plan import Plan
from tools.cluster import errors
from tools.cluster.resources import ObjectRef
from tools.delivery.applications import unpause_app
from tools.delivery.facts.builds import API_VERSION as BUILDS
from tools.delivery.facts.builds import PAUSED
from tools.delivery.facts.runs import API_VERSION as TEKTON
from tools.delivery.facts.runs import Run
from tools.delivery.reading import read_only
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, ToolContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.cluster.client import Cluster
    from tools.json import Json

HELD = "PipelineRunPending"
RERUN_OF = "desk-agent/rerun-of"
_WRITTEN = ("tekton.dev/", "triggers.tekton.dev/", "pipelinesascode.tekton.dev/", "chains.tekton.dev/")
"""Labels of whoever made or followed a run: that of another run is none of theirs."""
_NAME_CHARS = 50
_STRATEGIES = ("dockerStrategy", "sourceStrategy", "customStrategy")


def rerun_pipeline(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Annotated[
        Name | None,
        Field(description="A run, or a pipeline's newest; without it, the one pipeline that ran there."),
    ] = None,
) -> Plan:
    """Run a pipeline of Tekton again: a new run with the parameters and workspaces of an earlier one.

    It does not tell the git host how it went, as a run that Pipelines as Code began would.
    """
    runs = [Run(item) for item in read_only(context.cluster, namespace, "PipelineRun").of("PipelineRun")]
    old = _meant(runs, name, namespace)
    body = _again(old, {run.name for run in runs}, namespace)
    new = body["metadata"]["name"]
    change = create_change("pipelineruns", body)
    summary = f"run pipeline {old.pipeline} again in {namespace}, as {old.name} was: PipelineRun {new}"
    return Plan(summary, Plan.of(summary, change).steps, subjects=_subjects(namespace, old, name))


def unpause_delivery(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Annotated[
        Literal["BuildConfig", "PipelineRun", "Application"], Field(description="Kind of what is paused.")
    ],
) -> Plan:
    """Let a paused BuildConfig build again, a held PipelineRun begin, or Argo CD work on a skipped Application."""
    match kind:
        case "Application":
            return unpause_app(context.cluster, name, namespace)
        case "PipelineRun":
            return _begin(context.cluster, namespace, name)
        case "BuildConfig":
            return _build_again(context.cluster, namespace, name)


def set_build_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Annotated[Name, Field(description="The BuildConfig.")],
    secret_name: Annotated[Name, Field(description="A Secret that is there.")],
    purpose: Annotated[
        Literal["push", "pull", "source"],
        Field(description="What it logs in for: to push the image, to pull the builder, to fetch the source."),
    ] = "push",
) -> Plan:
    """Set which Secret a BuildConfig logs in with, as `oc set build-secret` does."""
    live = context.cluster.read(ObjectRef(BUILDS, "BuildConfig", namespace, name))
    _refuse_unless_there(context.cluster, namespace, secret_name)
    reference, spec = {"name": secret_name}, live.get("spec") or {}
    strategy = next((each for each in _STRATEGIES if each in (spec.get("strategy") or {})), "")
    if purpose == "pull" and not strategy:
        raise ToolFailed(f"BuildConfig {name} in {namespace} pulls no builder image: its strategy takes no secret.")
    bodies: dict[str, Json] = {
        "push": {"output": {"pushSecret": reference}},
        "pull": {"strategy": {strategy: {"pullSecret": reference}}},
        "source": {"source": {"sourceSecret": reference}},
    }
    change = patch_change("buildconfigs", live, {"spec": bodies[purpose]})
    return Plan.of(f"have BuildConfig {name} in {namespace} use Secret {secret_name} to {_doing(purpose)}", change)


def _doing(purpose: str) -> str:
    return {"push": "push its image", "pull": "pull its builder image"}.get(purpose, "fetch its source")


def _refuse_unless_there(cluster: Cluster, namespace: str, secret: str) -> None:
    try:
        cluster.read(ObjectRef("v1", "Secret", namespace, secret))
    except errors.NotFound as error:
        raise ToolFailed(
            f"There is no Secret {secret} in {namespace}: make it first (create_pull_secret)."
        ) from error
    except errors.Forbidden:
        return  # who may set a reference need not be let read what it refers to


def _meant(runs: Sequence[Run], name: str | None, namespace: str) -> Run:
    """The run of this name, else the newest of the pipeline of this name, or of the only one."""
    pipelines = sorted({run.pipeline for run in runs})
    own = [run for run in runs if run.name == name] or [run for run in runs if run.pipeline == name]
    if name is None and len(pipelines) == 1:
        own = list(runs)
    if own:
        return max(own, key=lambda run: run.created)
    which = f'is called "{name}"' if name else "is the only one: name it"
    told = ", ".join(pipelines) or "none"
    raise ToolFailed(f"No run or pipeline of Tekton in {namespace} {which}. Pipelines that ran: {told}.")


def _again(old: Run, taken: set[str], namespace: str) -> Json:
    """A new run like an old one, under the first name that is free."""
    spec = {key: value for key, value in old.spec.items() if key != "status"}
    labels = {key: value for key, value in old.labels.items() if not key.startswith(_WRITTEN)}
    base = old.pipeline[:_NAME_CHARS].rstrip("-.")
    numbers = (f"{base}-rerun-{number}" for number in range(1, len(taken) + 2))
    metadata: Json = {
        "name": next(each for each in numbers if each not in taken),
        "namespace": namespace,
        "annotations": {RERUN_OF: old.name},
    }
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": TEKTON, "kind": "PipelineRun", "metadata": metadata, "spec": spec}


def _subjects(namespace: str, old: Run, said: str | None) -> tuple[ObjectRef, ...]:
    """What a task names for it: the pipeline or the run, as the call does."""
    return (ObjectRef(TEKTON, "PipelineRun", namespace, said or old.name),)


def _begin(cluster: Cluster, namespace: str, name: str) -> Plan:
    live = cluster.read(ObjectRef(TEKTON, "PipelineRun", namespace, name))
    told = (live.get("spec") or {}).get("status")
    if told not in (None, "", HELD):
        raise ToolFailed(
            f"PipelineRun {name} in {namespace} is not held but {told}: run it again (rerun_pipeline)."
        )
    if not told:
        return Plan(f"PipelineRun {name} in {namespace} is not held", ())
    change = patch_change("pipelineruns", live, {"spec": {"status": None}})
    return Plan.of(f"let PipelineRun {name} in {namespace} begin", change)


def _build_again(cluster: Cluster, namespace: str, name: str) -> Plan:
    live = cluster.read(ObjectRef(BUILDS, "BuildConfig", namespace, name))
    triggers = (live.get("spec") or {}).get("triggers") or ()
    body: Json = {}
    if (live["metadata"].get("annotations") or {}).get(PAUSED):
        body["metadata"] = {"annotations": {PAUSED: None}}
    if any((each.get("imageChange") or {}).get("paused") for each in triggers):
        body["spec"] = {"triggers": [_unpaused(each) for each in triggers]}
    if not body:
        return Plan(f"BuildConfig {name} in {namespace} is not paused", ())
    return Plan.of(f"let BuildConfig {name} in {namespace} build again", patch_change("buildconfigs", live, body))


def _unpaused(trigger: Json) -> Json:
    change = trigger.get("imageChange")
    if not change:
        return trigger
    return {**trigger, "imageChange": {key: value for key, value in change.items() if key != "paused"}}
