"""Argo CD's Image Updater, where it is told to follow an image and cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tools.delivery.facts.image_updater import IMAGE_LIST, PREFIX, Followed, followed, selected_by
from tools.delivery.rules.argo_cd.words import about, broken, edit
from tools.diagnose.facts.image_pulls import reference
from tools.diagnose.findings import Evidence, Remedy
from tools.diagnose.rule import Cause
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.diagnose.findings import Finding
    from tools.json import Json

IMAGE_UPDATER_IDLE = Cause(
    "ImageUpdaterIdle",
    topic="ci-cd",
    means="The Image Updater is told to follow an image, and does not bring in its new tags.",
    why="It only knows images that are live already, of an Application of kustomize or helm, in its own "
    "namespace; "
    "with the strategy semver (the default) only tags that are versions count, so latest never does; it must "
    "be allowed to list the registry's tags; and from v1 on it follows ImageUpdater resources, no annotations.",
    mend="Mend the one that the finding names: for a tag that moves, such as latest, the strategy is digest.",
    example="the Image Updater follows shop/checkout for Application checkout by semver, and its tag is "
    "latest, "
    "which is no version: nothing is ever newer",
    source="https://argocd-image-updater.readthedocs.io/en/stable/basics/update-strategies/",
)

_VERSION = re.compile(r"v?\d+(\.\d+){0,2}([-+][\w.+-]+)?")
_UPDATED_TYPES = ("Helm", "Kustomize")
_REGISTRY = re.compile(r"unauthori[sz]ed|401|403|denied|no basic auth|pull secret", re.I)

# Source: https://argocd-image-updater.readthedocs.io/en/stable/install/reference/ (its log is logrus' text)
_BAD = re.compile(r"\blevel=(?:error|warning|fatal)\b")
_MESSAGE = re.compile(r'\bmsg="(?P<message>(?:[^"\\]|\\.)*)"')
_NONE = re.compile(r"\bimages_considered=0\b")
_WHY = "Nobody else changes the tag in git or in the Application: the image stays what it is."

_Fault = tuple[str, Evidence, Remedy]


def idle(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """An image that is to be followed, and is not."""
    updaters = found.of("ImageUpdater")
    fault = next(_faults(app, updaters), None)
    if fault is None:
        return None
    said, evidence, remedy = fault
    return broken(
        app,
        IMAGE_UPDATER_IDLE,
        said,
        _WHY,
        (evidence, about(app, f"images: {', '.join(app.images) or 'none'}")),
        (remedy, _log(app)),
        severity="error" if wanted.image or wanted.commit else "warning",
    )


def logged(app: Application, lines: Sequence[str], wanted: Wanted) -> Finding | None:
    """What the log's lines (logfmt) say against an Application, the newest first; what others fail at is theirs."""
    own = re.compile(rf'\bapplication="?{re.escape(app.name)}"?(?=\s|$)')
    told = next((line for line in reversed(lines) if _BAD.search(line) and own.search(line)), None)
    considered = next((line for line in reversed(lines) if "images_considered=" in line), "")
    if told is not None:
        match = _MESSAGE.search(told)
        message = one_line((match["message"] if match else told).replace('\\"', '"'), 250)
        registry = " (the registry does not let it list the tags)" if _REGISTRY.search(message) else ""
        said, text = f"the Image Updater fails for {app.said}: {message}{registry}", told
    elif _NONE.search(considered):
        said, text = f"the Image Updater considers 0 images, and so none of {app.said}", considered
    else:
        return None
    return broken(
        app,
        IMAGE_UPDATER_IDLE,
        said,
        _WHY,
        (
            Evidence("log", "Image Updater", one_line(text)),
            about(app, f"images: {', '.join(app.images) or 'none'}"),
        ),
        (_log(app),),
        severity="error" if wanted.image or wanted.commit else "warning",
    )


def _log(app: Application) -> Remedy:
    command = f"kubectl logs -n {app.namespace} -l app.kubernetes.io/name=argocd-image-updater --tail=100"
    return Remedy("See what the Image Updater says", command, "read")


def _faults(app: Application, updaters: tuple[Json, ...]) -> Iterator[_Fault]:
    """What keeps it from following, the most decisive first."""
    yield from _failing(app, updaters)
    own = followed(app, updaters)
    if own:
        yield from _not_selected(app, updaters)
        yield from _of_no_type(app, own[0])
    for each in own:
        yield from _not_live(app, each)
        yield from _no_version(app, each)


def _failing(app: Application, updaters: tuple[Json, ...]) -> Iterator[_Fault]:
    for updater in updaters:
        conditions = (updater.get("status") or {}).get("conditions") or () if selected_by(updater, app) else ()
        for each in conditions:
            is_bad = (each.get("type"), each.get("status")) in (("Error", "True"), ("Ready", "False"))
            if is_bad:
                name, message = updater["metadata"]["name"], one_line(str(each.get("message")), 250)
                registry = " (the registry does not let it list the tags)" if _REGISTRY.search(message) else ""
                yield (
                    f"ImageUpdater {name} fails for {app.said}: {message}{registry}",
                    Evidence("status", f"ImageUpdater {name}", one_line(f"{each['type']}: {message}")),
                    Remedy(
                        "Give it the pull secret of the registry, or mend what it names",
                        f"kubectl edit imageupdater/{name} -n {app.namespace}",
                        "change",
                    ),
                )


def _not_selected(app: Application, updaters: tuple[Json, ...]) -> Iterator[_Fault]:
    """Annotations, where the updater of v1 runs and is not told to read them."""
    refs = [ref for updater in updaters for ref in selected_by(updater, app)]
    if IMAGE_LIST not in app.annotations or not updaters or refs:
        return
    names = ", ".join(updater["metadata"]["name"] for updater in updaters)
    yield (
        f"{app.said} tells the Image Updater by annotations what to follow, and no ImageUpdater ({names}) "
        "selects it: "
        "the annotations are not read",
        Evidence("spec", f"ImageUpdater {names}", f"applicationRefs: none matches {app.name} in {app.namespace}"),
        Remedy(
            f"Select it, with useAnnotations: true and namePattern: {app.name}",
            f"kubectl edit imageupdater/{updaters[0]['metadata']['name']} "
            f"-n {updaters[0]['metadata'].get('namespace')}",
            "change",
        ),
    )


def _of_no_type(app: Application, each: Followed) -> Iterator[_Fault]:
    kind = app.status.get("sourceType")
    if not kind or kind in _UPDATED_TYPES:
        return
    yield (
        f"the Image Updater is to follow {each.image.repository} for {app.said}, whose source is of the type "
        f"{kind}: "
        "it changes only those of Kustomize and Helm, and passes this one over",
        about(app, f"sourceType: {kind}; {each.text}"),
        edit(app, "Make its path a kustomization (a kustomization.yaml that lists the manifests is enough)"),
    )


def _not_live(app: Application, each: Followed) -> Iterator[_Fault]:
    live = {reference(image).full_repository for image in app.images}
    if not app.images or each.image.full_repository in live:
        return
    yield (
        f"the Image Updater is to follow {each.image.repository} for {app.said}, which runs no such image "
        f"({', '.join(sorted(live))}): it considers 0 images",
        Evidence("spec", each.told_by, each.text),
        edit(app, "Name the image as it runs, with its registry"),
    )


def _no_version(app: Application, each: Followed) -> Iterator[_Fault]:
    own = [reference(image) for image in app.images]
    tag = next((live.tag for live in own if live.full_repository == each.image.full_repository), "")
    tag = tag or each.image.tag
    if each.strategy != "semver" or not tag or _VERSION.fullmatch(tag):
        return
    alias = each.text.partition(": ")[2].partition("=")[0] if "=" in each.text else ""
    strategy = f"{PREFIX}{alias + '.' if alias else ''}update-strategy"
    by_annotation = each.told_by == app.said
    yield (
        f"the Image Updater follows {each.image.repository} for {app.said} by semver, and its tag is {tag}, "
        "which is "
        "no version: nothing is ever newer",
        Evidence("spec", each.told_by, f"{each.text}; update strategy: {each.strategy}"),
        Remedy(
            "Follow what the tag points to",
            f"kubectl annotate application/{app.name} -n {app.namespace} {strategy}=digest --overwrite"
            if by_annotation
            else f"kubectl edit {each.told_by.replace(' ', '/', 1).lower()} -n {app.namespace}  # "
            "updateStrategy: digest",
            "change",
        ),
    )
