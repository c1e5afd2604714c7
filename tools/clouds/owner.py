"""Whose a resource is to be: what each tool that makes one is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from pydantic import Field

from tools.changes.plan import Change, Plan
from tools.cloud.resource import Live
from tools.cloud.tags import tags_of
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef
from tools.environments import Environment
from tools.errors import ArgumentsError
from tools.frame import Namespace, ToolContext
from tools.json import Json

CHOSEN = ("team", "cost_center")
"""Arguments that only the person who asks may choose: who pays."""
Reason = Annotated[str, Field(min_length=10, max_length=200)]


class Owner(TypedDict, total=False):
    """Arguments that the tools share. What a namespace is labelled with need not be said."""

    namespace: Annotated[
        Namespace | None, Field(description="Namespace of the application: its labels say team and the rest.")
    ]
    team: Annotated[str | None, Field(max_length=63, description="Tag team.")]
    environment: Annotated[Environment | None, Field(description="Tag environment.")]
    cost_center: Annotated[str | None, Field(max_length=63, description="Tag cost-center.")]


def owner_tags(context: ToolContext, asked: Owner) -> dict[str, str]:
    """The tags of what is made. Raises `ArgumentsError` where one is not said."""
    namespace = asked.get("namespace")
    given = {
        "team": asked.get("team"), "environment": asked.get("environment"), "cost-center": asked.get("cost_center"),
    }  # fmt: skip
    labels = _labels(context, namespace) if namespace else {}
    said, told = given["environment"], labels.get("environment")
    if said and told and said != told:
        raise ArgumentsError(
            f"Namespace {namespace} is {told}, and environment {said} is asked for. Say one of them."
        )
    return tags_of(labels, given, context.session)


def plan_of(summary: str, *changes: Change) -> Plan:
    """A plan of one step about resources, which a task names by their names alone."""
    plan = Plan.of(summary, *changes)
    subjects = (ObjectRef(each.target.api_version, each.target.kind, None, each.target.name) for each in changes)
    return Plan(plan.summary, plan.steps, subjects=tuple(subjects))


def environment_of(live: Live) -> dict[str, str]:
    """The tag by which it is decided what may be done with a resource."""
    return {"environment": live.tags.get("environment", "")}


def said_tags(tags: Mapping[str, str]) -> str:
    """Tags in one line."""
    return " ".join(f"{key}={value}" for key, value in tags.items())


def _labels(context: ToolContext, namespace: str) -> Json:
    try:
        found = context.cluster.read(ObjectRef("v1", "Namespace", None, namespace))
    except NotFound as error:
        raise ArgumentsError(f"There is no namespace {namespace}, whose labels would say whose this is.") from error
    labels: Json = found["metadata"].get("labels") or {}
    return labels
