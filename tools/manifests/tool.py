"""Generate an application's manifests, and apply them. The functions write nothing themselves."""

from __future__ import annotations

from typing import Annotated, TypedDict, Unpack

from pydantic import Field

from tools.changes.build import apply_change, reference
from tools.changes.plan import Change, Check, Plan, Step
from tools.cluster.client import Cluster
from tools.cluster.errors import NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.errors import ArgumentsError
from tools.frame import (
    File,
    Folder,
    Namespace,
    Rendering,
    ToolContext,
)
from tools.json import Json
from tools.manifests.generation import Generated, generated
from tools.manifests.specification import Exposure, Platform, SpecificationError, Type

MANIFESTS = "manifests"
HEALTHY_WITHIN_S = 300
_WAITED_FOR = ("Deployment", "StatefulSet", "DaemonSet")

Text = Annotated[str, Field(max_length=4096)]


class Named(TypedDict):
    """Which application."""

    app: Annotated[Text, Field(description="Its name.")]


class Application(Named, total=False):
    """What an application is to be, as `tools.manifests.specification.specified` reads it."""

    image: Annotated[Text | None, Field(description="REGISTRY/NAME:TAG; without it APP:VERSION.")]
    version: Annotated[Text | None, Field(description="The tag, where the image has none.")]
    type: Annotated[Type | None, Field(description="Default: deployment.")]
    namespace: Annotated[Namespace | None, Field(description="Default: default.")]
    ports: Annotated[list[Text] | None, Field(description="[NAME:]NUMBER each; default 8080; none: it has none.")]
    replicas: Annotated[int | None, Field(description="Default: 2.")]
    hpa: Annotated[Text | None, Field(description="Autoscaler instead of replicas: MIN:MAX.")]
    host: Annotated[Text | None, Field(description="Under which it is reached from outside.")]
    exposure: Annotated[Exposure | None, Field(description="Default: by what the cluster serves.")]
    ingress_class: Annotated[Text | None, Field(description="Default: the cluster's.")]
    gateway: Annotated[Text | None, Field(description="[NAMESPACE/]NAME of a Gateway.")]
    env: Annotated[list[Text] | None, Field(description="NAME=VALUE each; no secrets.")]
    env_from_secret: Annotated[list[Text] | None, Field(description="SECRET, or NAME=SECRET/KEY each.")]
    config: Annotated[dict[str, str] | None, Field(description="Name -> text of files in /etc/APP.")]
    volumes: Annotated[list[Text] | None, Field(description="NAME:PATH:SIZE each.")]
    egress: Annotated[list[Text] | None, Field(description="Whom it asks: APP:PORT or CIDR:PORT each.")]
    schedule: Annotated[Text | None, Field(description="Of a cronjob: cron's five fields, UTC.")]
    command: Annotated[list[Text] | None, Field(description="Program and arguments; default: the image's.")]
    cpu: Annotated[Text | None, Field(description="REQUEST[:LIMIT]; default 100m:500m.")]
    memory: Annotated[Text | None, Field(description="REQUEST[:LIMIT]; default 128Mi:512Mi.")]
    service_monitor: Annotated[bool | None, Field(description="Have the Prometheus operator read /metrics.")]
    platform: Annotated[Platform | None, Field(description="Default: what the cluster is.")]


def generate_manifest(context: ToolContext, *, folder: Folder = "", **asked: Unpack[Application]) -> Rendering:
    """Write an application's Kubernetes manifests: Deployment or another type, Service, NetworkPolicy and the rest.

    They are secure by default, and follow what the cluster serves. Nothing is applied: apply_application does that.
    """
    made = _generated(context, asked)
    wanted = made.wanted
    below = "" if folder else f"{MANIFESTS}/{wanted.namespace}/{wanted.app}/"
    rendered = tuple(File(f"{below}{name}", text.encode()) for name, text in made.files)
    said = f"manifests of {wanted.type} {wanted.app} ({wanted.image}) for namespace {wanted.namespace}"
    return Rendering("; ".join([f"write the {said}", *made.remarks]), rendered, folder)


def apply_application(context: ToolContext, **asked: Unpack[Application]) -> Plan:
    """Make an application's objects in the cluster, as generate_manifest writes them; wait until it is healthy."""
    made = _generated(context, asked)
    wanted, controller = made.wanted, made.controller
    refuse_unless_there(context.cluster, wanted.namespace)
    changes = tuple(_change(context.cluster, each) for each in made.objects)
    arguments = {"namespace": wanted.namespace, "name": wanted.app, "kind": controller["kind"]}
    waited = {**arguments, "timeout_s": HEALTHY_WITHIN_S}
    holds = (Check("wait_for_rollout", waited),) if controller["kind"] in _WAITED_FOR else ()
    said = f"apply {wanted.type} {wanted.app} ({wanted.image}) and what belongs to it in {wanted.namespace}"
    step = Step(f"{wanted.type} {wanted.app} in {wanted.namespace}", changes, holds)
    return Plan("; ".join([said, *made.remarks]), (step,), subjects=(reference(controller),))


def _generated(context: ToolContext, asked: Application) -> Generated:
    try:
        return generated(asked, context.cluster)
    except SpecificationError as error:
        raise ArgumentsError(f"{error}") from error


def _change(cluster: Cluster, made: Json) -> Change:
    target = reference(made)
    try:
        live = cluster.read(target)
    except NotFound:
        live = None
    return apply_change(cluster.find(made["kind"]).plural, made, live)
