"""Deliveries by OpenShift's builds and image streams, as their controllers write them."""

from __future__ import annotations

import json
from typing import Any

from tests.tools.delivery.chains import TARGET, Chain
from tools.delivery.facts.builds import PAUSED
from tools.delivery.rules.openshift.building import TRIGGERS
from tools.json import Json


def build(
    name: str, phase: str, reason: str = "", message: str = "", *, spec: Json | None = None, **more: Any
) -> Json:
    """A Build `NAME-NUMBER` of BuildConfig NAME."""
    config, _, number = name.rpartition("-")
    status = {"phase": phase, "config": {"kind": "BuildConfig", "name": config, "namespace": TARGET}, **more}
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "Build",
        "metadata": {
            "name": name,
            "namespace": TARGET,
            "labels": {"openshift.io/build-config.name": config},
            "annotations": {"openshift.io/build.number": number},
        },
        "spec": spec or {},
        "status": {**status, **({"reason": reason} if reason else {}), **({"message": message} if message else {})},
    }


def config(name: str, **annotations: str) -> Json:
    """A BuildConfig."""
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildConfig",
        "metadata": {"name": name, "namespace": TARGET, "annotations": annotations},
        "spec": {"runPolicy": "Serial"},
    }


def stream(name: str, message: str) -> Json:
    """An ImageStream whose import failed."""
    condition = {"type": "ImportSuccess", "status": "False", "reason": "Unauthorized", "message": message}
    return {
        "apiVersion": "image.openshift.io/v1",
        "kind": "ImageStream",
        "metadata": {"name": name, "namespace": TARGET},
        "spec": {},
        "status": {"tags": [{"tag": "latest", "items": [], "conditions": [condition]}]},
    }


def image_trigger(name: str) -> Json:
    """A BuildConfig whose trigger for image changes is paused."""
    item = config(name)
    change = {"from": {"kind": "ImageStreamTag", "name": "base:1"}, "paused": True}
    item["spec"]["triggers"] = [{"type": "ConfigChange"}, {"type": "ImageChange", "imageChange": change}]
    return item


def triggered(name: str, **trigger: Any) -> Json:
    """A Deployment with a trigger for image changes."""
    told = [{"from": {"kind": "ImageStreamTag", "name": f"{name}:latest"}, **trigger}]
    labels, containers = {"app": name}, [{"name": "a", "image": "busybox:1"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": TARGET, "annotations": {TRIGGERS: json.dumps(told)}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


BROKEN = (
    Chain(
        "a BuildConfig's image trigger",
        [image_trigger("based")],
        "ImageTriggerPaused",
        "BuildConfig based",
        "for ImageStreamTag base:1 is paused",
        severity="warning",
    ),
    Chain(
        "a Deployment's image trigger",
        [triggered("rolled", paused="true")],
        "ImageTriggerPaused",
        "Deployment rolled",
        "for ImageStreamTag rolled:latest is paused",
        severity="warning",
    ),
    Chain(
        "the source",
        [
            build(
                "src-7",
                "Failed",
                "FetchSourceFailed",
                "Failed to fetch the input source.",
                logSnippet="Cloning ...\nfatal: could not read Username for 'https://git.example.com'\n",
            )
        ],
        "BuildFailed",
        "Build src-7",
        "failed at fetching the source (FetchSourceFailed): fatal: could not read Username",
    ),
    Chain(
        "the Dockerfile",
        [
            build(
                "docker-2",
                "Failed",
                "DockerBuildFailed",
                "Dockerfile build strategy has failed.",
                logSnippet='STEP 4: RUN make\nerror: building at STEP "RUN make": exit status 2',
                stages=[{"name": "FetchInputs", "durationMilliseconds": 812}],
            )
        ],
        "BuildFailed",
        "Build docker-2",
        "building the Dockerfile (DockerBuildFailed): error: building at STEP",
    ),
    Chain(
        "the push",
        [
            build(
                "push-3",
                "Failed",
                "PushImageToRegistryFailed",
                "Failed to push the image to the registry.",
                logSnippet="error: unauthorized: access denied",
            )
        ],
        "BuildFailed",
        "Build push-3",
        "pushing the image (PushImageToRegistryFailed): error: unauthorized",
    ),
    Chain(
        "memory",
        [
            build(
                "oom-1",
                "Failed",
                "OutOfMemoryKilled",
                "The build pod was killed due to an out of memory condition.",
            )
        ],
        "BuildFailed",
        "Build oom-1",
        "its memory limit (OOM-killed)",
    ),
    Chain(
        "the push secret",
        [
            build(
                "secret-4",
                "New",
                "MissingPushSecret",
                "Missing push secret.",
                spec={"output": {"pushSecret": {"name": "quay-push"}}},
            )
        ],
        "BuildSecretMissing",
        "Build secret-4",
        "its push secret quay-push is not there",
    ),
    Chain(
        "the output",
        [build("out-1", "New", "InvalidOutputReference", "Output image could not be resolved.")],
        "BuildNotStarted",
        "Build out-1",
        "(InvalidOutputReference): Output image could not be resolved.",
    ),
    Chain(
        "the newest one was cancelled",
        [
            build("stop-1", "Complete"),
            build("stop-2", "Cancelled", "CancelledBuild", "The build was cancelled by the user."),
        ],
        "BuildCancelled",
        "Build stop-2",
        "was cancelled",
        severity="warning",
    ),
    Chain(
        "a paused configuration",
        [config("paused", **{PAUSED: "true"})],
        "BuildConfigPaused",
        "BuildConfig paused",
        "no push starts a build",
    ),
    Chain(
        "an import",
        [stream("base", 'you may not have access to the container image "quay.io/shop/base:latest"')],
        "ImageImportFailed",
        "ImageStream base",
        "its tag latest: you may not have access",
    ),
)

GOING = (
    Chain("an image trigger that is on", [triggered("follows")]),
    Chain(
        "an old failure, and a new build",
        [build("again-1", "Failed", "AssembleFailed"), build("again-2", "Complete")],
    ),
    Chain(
        "a build in the queue", [config("queue"), build("queue-1", "Running"), build("queue-2", "New")], going=True
    ),
)
