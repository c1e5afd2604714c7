"""What Argo CD's Image Updater is told to do for an Application: by annotations (v0), or by an ImageUpdater (v1).

Source: https://argocd-image-updater.readthedocs.io/en/stable/configuration/applications/ and images/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from tools.diagnose.facts.image_pulls import Reference, reference

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.json import Json

PREFIX = "argocd-image-updater.argoproj.io/"
IMAGE_LIST = PREFIX + "image-list"
_DEFAULT_STRATEGY = "semver"


class Followed(msgspec.Struct, frozen=True):
    """One image that is to be kept up to date. `told_by` is the object that says so, `text` what it says."""

    image: Reference
    strategy: str
    told_by: str
    text: str


def followed(app: Application, updaters: Iterable[Json]) -> list[Followed]:
    """The images that are to be kept up to date for an Application."""
    return [*_of_annotations(app), *(each for updater in updaters for each in _of_updater(updater, app))]


def selected_by(updater: Json, app: Application) -> list[Json]:
    """The entries of an ImageUpdater that mean this Application, which must be in the same namespace."""
    if updater["metadata"].get("namespace") != app.namespace:
        return []
    labels = app.item["metadata"].get("labels") or {}
    refs = (updater.get("spec") or {}).get("applicationRefs") or ()
    return [
        each for each in refs if fnmatchcase(app.name, str(each.get("namePattern"))) and _labelled(each, labels)
    ]


def _labelled(ref: Json, labels: Json) -> bool:
    wanted = (ref.get("labelSelectors") or {}).get("matchLabels") or {}
    return all(labels.get(name) == value for name, value in wanted.items())


def _of_annotations(app: Application) -> Iterator[Followed]:
    for entry in filter(None, (each.strip() for each in (app.annotations.get(IMAGE_LIST) or "").split(","))):
        alias, equals, image = entry.partition("=")
        strategy = app.annotations.get(f"{PREFIX}{alias}.update-strategy") if equals else None
        strategy = strategy or app.annotations.get(PREFIX + "update-strategy") or _DEFAULT_STRATEGY
        yield Followed(reference(image if equals else entry), strategy, app.said, f"image-list: {entry}")


def _of_updater(updater: Json, app: Application) -> Iterator[Followed]:
    spec = updater.get("spec") or {}
    for ref in selected_by(updater, app):
        for image in ref.get("images") or ():
            levels = (image, ref, spec)
            told = ((each.get("commonUpdateSettings") or {}).get("updateStrategy") for each in levels)
            name = str(image.get("imageName"))
            yield Followed(
                reference(name),
                next(filter(None, told), _DEFAULT_STRATEGY),
                f"ImageUpdater {updater['metadata']['name']}",
                f"imageName: {name}",
            )
