"""Builds that failed or do not begin, and image streams that do not import.

Source: the reasons of `StatusReason` in https://github.com/openshift/api/blob/master/build/v1/consts.go
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.delivery.facts.builds import API_VERSION, PAUSED, Build
from tools.diagnose.facts.naming import typed
from tools.diagnose.findings import Evidence, Finding, Remedy, Starting
from tools.diagnose.rule import Cause
from tools.diagnose.timing import PROGRESS_DEADLINE_S
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.reading import Deliveries
    from tools.diagnose.findings import Severity
    from tools.json import Json

_DOC = "https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/builds_using_buildconfig/"

BUILD_FAILED = Cause(
    "BuildFailed",
    topic="ci-cd",
    means="A build ended without an image.",
    why="Its reason says where: the source could not be fetched, the builder image not pulled, the "
    "Dockerfile or "
    "the assemble script failed, the image not pushed, or the build's pod was killed.",
    mend="Read the last lines of its log, mend that, and start it again.",
    example="Build web-7 failed at fetching the source (FetchSourceFailed): could not read Username",
    source=_DOC + "troubleshooting-builds_build-configuration",
)
BUILD_SECRET_MISSING = Cause(
    "BuildSecretMissing",
    topic="ci-cd",
    means="A build does not begin: the secret with which it is to push its image is not there.",
    why="spec.output.pushSecret names a Secret of the namespace; until it is there the build stays New.",
    mend="Make the secret, or name another one.",
    example="Build web-7 does not begin: its push secret quay-push is not there",
    source=_DOC + "creating-build-inputs",
)
BUILD_NOT_STARTED = Cause(
    "BuildNotStarted",
    topic="ci-cd",
    means="A build does not begin: what it needs is not there, or its pod cannot be made.",
    why="The image stream or tag of its output or input does not exist, its service account is missing, "
    "or a quota "
    "refuses its pod.",
    mend="Make what the message names; then it begins by itself.",
    example="Build web-7 does not begin (InvalidOutputReference): the image stream web does not exist",
    source=_DOC + "troubleshooting-builds_build-configuration",
)
BUILD_CANCELLED = Cause(
    "BuildCancelled",
    topic="ci-cd",
    means="The newest build was cancelled.",
    why="Somebody ended it, or the run policy SerialLatestOnly replaced it.",
    mend="Start another one.",
    example="Build web-7 was cancelled",
    source=_DOC + "basic-build-operations",
)
BUILD_CONFIG_PAUSED = Cause(
    "BuildConfigPaused",
    topic="ci-cd",
    means="A BuildConfig is paused: neither webhooks nor image changes start a build.",
    why="Its annotation openshift.io/build-config.paused is true.",
    mend="Remove the annotation.",
    example="BuildConfig web is paused: no push starts a build",
    source=_DOC + "basic-build-operations",
)
IMAGE_TRIGGER_PAUSED = Cause(
    "ImageTriggerPaused",
    topic="ci-cd",
    means="A new image of a stream is there, and does not start what should follow it.",
    why="The trigger for image changes is paused, of a BuildConfig or of a Deployment's annotation.",
    mend="Let it go on.",
    example="the trigger of Deployment web for ImageStreamTag web:latest is paused",
    source="https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/images/"
    "triggering-updates-on-imagestream-changes",
)
IMAGE_IMPORT_FAILED = Cause(
    "ImageImportFailed",
    topic="ci-cd",
    means="An image stream could not import a tag, so nothing that is triggered by it happens.",
    why="The registry does not have the tag, or wants credentials that the namespace does not have.",
    mend="Correct the tag, or make a pull secret for that registry; then import again.",
    example="ImageStream web could not import its tag latest: unauthorized: authentication required",
    source="https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/images/managing-image-streams",
)

TRIGGERS = "image.openshift.io/triggers"

_AT: dict[str, str] = {
    "FetchSourceFailed": "fetching the source",
    "InvalidContextDirectory": "its contextDir, which is not in the source",
    "PullBuilderImageFailed": "pulling the builder image",
    "FetchImageContentFailed": "copying from another image",
    "ManageDockerfileFailed": "reading the Dockerfile",
    "DockerBuildFailed": "building the Dockerfile",
    "AssembleFailed": "the assemble script",
    "PostCommitHookFailed": "the postCommit hook, after the image was built",
    "PushImageToRegistryFailed": "pushing the image",
    "OutOfMemoryKilled": "its memory limit (OOM-killed)",
    "BuildPodEvicted": "its node, which evicted it",
    "BuildPodDeleted": "its pod, which was deleted",
    "ExceededRetryTimeout": "its pod, which did not begin in time",
    "UnresolvableEnvironmentVariable": "an environment variable that cannot be resolved",
    "NoBuildContainerStatus": "its pod, which tells nothing",
    "GenericBuildFailed": "something that it does not name",
}


def building(build: Build, found: Deliveries) -> Finding | None:
    """What is wrong with the newest build of a BuildConfig."""
    match build.phase:
        case "Failed" | "Error":
            return _failed(build)
        case "Cancelled":
            return _finding(build, BUILD_CANCELLED, f"Build {build.name} was cancelled", severity="warning")
        case "New" | "Pending" if build.reason == "MissingPushSecret":
            secret = ((build.spec.get("output") or {}).get("pushSecret") or {}).get("name") or "(unnamed)"
            return _finding(
                build,
                BUILD_SECRET_MISSING,
                f"Build {build.name} does not begin: its push secret {secret} is not there",
            )
        case "New" | "Pending" if build.reason and not _waits_its_turn(build, found):
            return _finding(
                build, BUILD_NOT_STARTED, f"Build {build.name} does not begin ({build.reason}): {_message(build)}"
            )
        case _:
            return None


def on_its_way(build: Build, found: Deliveries) -> Starting | None:
    """A build that runs, or waits for the one before it."""
    if build.phase not in ("New", "Pending", "Running"):
        return None
    doing = "waits for the one before it" if _waits_its_turn(build, found) else f"is {build.phase}"
    return Starting(
        build.ref, (), f"Build {build.name} {doing}", found.taken_at + timedelta(seconds=PROGRESS_DEADLINE_S)
    )


def paused(config: Json) -> Finding | None:
    """A BuildConfig that starts no builds."""
    metadata = config["metadata"]
    if (metadata.get("annotations") or {}).get(PAUSED) != "true":
        return None
    ref = ObjectRef(API_VERSION, "BuildConfig", metadata.get("namespace"), metadata["name"])
    return Finding(
        cause=BUILD_CONFIG_PAUSED,
        object=ref,
        container=None,
        affected=(),
        detail=f"BuildConfig {ref.name} is paused: no push starts a build",
        why="While it is paused, webhooks and image changes are taken and lead to nothing.",
        evidence=(Evidence("spec", f"BuildConfig {ref.name}", f"{PAUSED}: true"),),
        remedies=(
            Remedy(
                "Let it build again",
                f"kubectl annotate {typed(ref)} {PAUSED}-",
                "change",
                "unpause_delivery",
                {"namespace": ref.namespace, "name": ref.name, "kind": "BuildConfig"},
            ),
        ),
    )


def trigger_paused(item: Json) -> Finding | None:
    """A BuildConfig or a Deployment of which a trigger for image changes is paused."""
    metadata, kind = item["metadata"], "BuildConfig" if "triggers" in (item.get("spec") or {}) else "Deployment"
    paused_ones = [each for each in _image_triggers(item) if str(each.get("paused")).lower() == "true"]
    if not paused_ones:
        return None
    source = paused_ones[0].get("from") or {}
    what = f"{source.get('kind')} {source.get('name')}" if source else "its builder image"
    version = API_VERSION if kind == "BuildConfig" else "apps/v1"
    ref = ObjectRef(version, kind, metadata.get("namespace"), metadata["name"])
    argument, name = "bc" if kind == "BuildConfig" else "deploy", metadata["name"]
    command = f"oc set triggers {argument}/{name} --auto -n {ref.namespace}"
    by = {"namespace": ref.namespace, "name": name, "kind": kind} if kind == "BuildConfig" else {}
    return Finding(
        cause=IMAGE_TRIGGER_PAUSED,
        object=ref,
        container=None,
        affected=(),
        detail=one_line(f"the trigger of {kind} {name} for {what} is paused"),
        why="While it is paused, a new image leads to nothing here.",
        evidence=(Evidence("spec", f"{kind} {name}", one_line(f"image change of {what}: paused")),),
        remedies=(Remedy("Let it go on", command, "change", "unpause_delivery" if by else None, by),),
        severity="warning",
    )


def _image_triggers(item: Json) -> list[Json]:
    """Those of a BuildConfig's spec, or of a workload's annotation, which people write as JSON."""
    told = (item.get("spec") or {}).get("triggers")
    if told is not None:
        return [each["imageChange"] for each in told if isinstance(each, dict) and each.get("imageChange")]
    text = (item["metadata"].get("annotations") or {}).get(TRIGGERS) or "[]"
    try:
        parsed = json.loads(text)
    except ValueError:
        return []
    return [each for each in parsed if isinstance(each, dict)] if isinstance(parsed, list) else []


def imported(stream: Json) -> Finding | None:
    """An image stream of which a tag could not be imported."""
    metadata = stream["metadata"]
    for tag in (stream.get("status") or {}).get("tags") or ():
        for each in tag.get("conditions") or ():
            if each.get("type") == "ImportSuccess" and each.get("status") == "False":
                ref = ObjectRef("image.openshift.io/v1", "ImageStream", metadata.get("namespace"), metadata["name"])
                said = one_line(str(each.get("message")), 250)
                return Finding(
                    cause=IMAGE_IMPORT_FAILED,
                    object=ref,
                    container=None,
                    affected=(),
                    detail=f"ImageStream {ref.name} could not import its tag {tag.get('tag')}: {said}",
                    why=IMAGE_IMPORT_FAILED.why,
                    evidence=(Evidence("status", f"ImageStream {ref.name}", f"ImportSuccess: {said}"),),
                    remedies=(
                        Remedy(
                            "When it is mended, import it again",
                            f"oc import-image {ref.name}:{tag.get('tag')} -n {ref.namespace}",
                            "change",
                        ),
                    ),
                )
    return None


def _failed(build: Build) -> Finding:
    where = _AT.get(build.reason, build.reason or "something that it does not name")
    return _finding(
        build,
        BUILD_FAILED,
        f"Build {build.name} failed at {where} ({build.reason or build.phase}): {_message(build)}",
    )


def _message(build: Build) -> str:
    """The last line of its log where it has one: the message only says the reason in other words."""
    lines = [each for each in str(build.status.get("logSnippet") or "").splitlines() if each.strip()]
    return one_line(lines[-1] if lines else str(build.status.get("message") or "it does not say why"), 250)


def _waits_its_turn(build: Build, found: Deliveries) -> bool:
    """Whether an older one of its BuildConfig still runs, and its run policy lets one run at a time."""
    serial = (build.spec.get("runPolicy") or _policy(build, found) or "Serial").startswith("Serial")
    others = (each for each in found.builds() if each.config == build.config and each.number < build.number)
    return serial and any(each.phase in ("New", "Pending", "Running") for each in others)


def _policy(build: Build, found: Deliveries) -> str:
    config = found.named("BuildConfig", build.config) or {}
    return str((config.get("spec") or {}).get("runPolicy") or "")


def _finding(build: Build, cause: Cause, summary: str, *, severity: Severity = "error") -> Finding:
    status = f"{build.phase}, {build.reason or 'no reason'}: {build.status.get('message') or ''}"
    stages = "; ".join(
        f"{each.get('name')} {each.get('durationMilliseconds', 0)} ms" for each in build.status.get("stages") or ()
    )
    snippet = str(build.status.get("logSnippet") or "")
    config = ObjectRef(API_VERSION, "BuildConfig", build.ref.namespace, build.config)
    return Finding(
        cause=cause,
        object=build.ref,
        container=None,
        affected=(),
        detail=one_line(summary, 500),
        why=cause.why,
        evidence=(
            Evidence("status", f"Build {build.name}", one_line(status)),
            *((Evidence("log", f"Build {build.name}", one_line(snippet)),) if snippet else ()),
            *((Evidence("status", f"Build {build.name}", one_line(f"stages: {stages}")),) if stages else ()),
        ),
        remedies=(
            Remedy("Read its log", f"oc logs build/{build.name} -n {build.ref.namespace}", "read"),
            _mend(cause, config),
        ),
        severity=severity,
        concerns=(config,),
    )


def _mend(cause: Cause, config: ObjectRef) -> Remedy:
    if cause == BUILD_SECRET_MISSING:
        return Remedy(
            "Name a push secret that is there",
            f"oc set build-secret --push bc/{config.name} SECRET -n {config.namespace}",
            "change",
        )
    return Remedy("When it is mended, build again", f"oc start-build {config.name} -n {config.namespace}", "change")
