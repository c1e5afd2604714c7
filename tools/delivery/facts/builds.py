"""Builds of OpenShift, by the fields that its controllers write.

Source: https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/workloads_apis/build-build-openshift-io-v1
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef

if TYPE_CHECKING:
    from tools.json import Json

API_VERSION = "build.openshift.io/v1"
PAUSED = "openshift.io/build-config.paused"
_CONFIG = ("openshift.io/build-config.name", "buildconfig")
_NUMBER = "openshift.io/build.number"


class Build:
    """One Build."""

    def __init__(self, item: Json) -> None:
        self.item = item
        self.spec: Json = item.get("spec") or {}
        self.status: Json = item.get("status") or {}

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.item["metadata"]["name"])

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        return ObjectRef(API_VERSION, "Build", self.item["metadata"].get("namespace"), self.name)

    @property
    def config(self) -> str:
        """Its BuildConfig's name; its own where it has none."""
        labels = self.item["metadata"].get("labels") or {}
        told = (self.status.get("config") or {}).get("name")
        return str(told or next((labels[each] for each in _CONFIG if each in labels), self.name))

    @property
    def number(self) -> int:
        """Its number among those of its BuildConfig."""
        annotations = self.item["metadata"].get("annotations") or {}
        told = str(annotations.get(_NUMBER) or self.name.rpartition("-")[2])
        return int(told) if told.isdigit() else 0

    @property
    def phase(self) -> str:
        """New, Pending, Running, Complete, Failed, Error or Cancelled."""
        return str(self.status.get("phase") or "New")

    @property
    def reason(self) -> str:
        """Why it is in that phase, in one word."""
        return str(self.status.get("reason") or "")

    @property
    def output(self) -> str:
        """The image that it makes."""
        return str(self.status.get("outputDockerImageReference") or "")

    @property
    def commit(self) -> str:
        """The commit that it builds; empty where it is not known."""
        return str((((self.spec.get("revision") or {}).get("git")) or {}).get("commit") or "")


def newest(builds: Iterable[Build]) -> list[Build]:
    """The newest build of each BuildConfig."""
    found: dict[str, Build] = {}
    for build in sorted(builds, key=lambda build: build.number):
        found[build.config] = build
    return list(found.values())
