"""Runs of Tekton, by the fields that its controller writes.

Source: https://tekton.dev/docs/pipelines/pipelineruns/#monitoring-execution-status, the types of `tekton.dev/v1`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.delivery.facts.sync_windows import duration
from tools.diagnose.facts.containers import parse_time

if TYPE_CHECKING:
    from tools.json import Json

API_VERSION = "tekton.dev/v1"
CUSTOM_VERSION = "tekton.dev/v1beta1"
OF_RUN = "tekton.dev/pipelineRun"
OF_PIPELINE = "tekton.dev/pipeline"
DEFAULT_TIMEOUT = timedelta(hours=1)


class Run:
    """A PipelineRun or a TaskRun."""

    def __init__(self, item: Json) -> None:
        self.item = item
        self.spec: Json = item.get("spec") or {}
        self.status: Json = item.get("status") or {}

    @property
    def kind(self) -> str:
        """PipelineRun, TaskRun or CustomRun."""
        if self.item.get("kind") == "CustomRun":
            return "CustomRun"
        return "TaskRun" if OF_RUN in self.labels else "PipelineRun"

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.item["metadata"]["name"])

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        version = CUSTOM_VERSION if self.kind == "CustomRun" else API_VERSION
        return ObjectRef(version, self.kind, self.item["metadata"].get("namespace"), self.name)

    @property
    def labels(self) -> Json:
        """Its labels."""
        return self.item["metadata"].get("labels") or {}

    @property
    def created(self) -> str:
        """When it was made, RFC 3339."""
        return str(self.item["metadata"].get("creationTimestamp") or "")

    @property
    def started_at(self) -> datetime | None:
        """When its controller began with it."""
        return parse_time(self.status.get("startTime"))

    @property
    def pipeline(self) -> str:
        """What its runs have in common: the pipeline's name, or what names are generated from."""
        ref = (self.spec.get("pipelineRef") or {}).get("name")
        generated = str(self.item["metadata"].get("generateName") or "").rstrip("-")
        return str(self.labels.get(OF_PIPELINE) or ref or generated or self.name)

    @property
    def succeeded(self) -> Json:
        """The condition of the type Succeeded, which alone says how it went; empty where there is none yet."""
        conditions = self.status.get("conditions") or ()
        return next((each for each in conditions if each.get("type") == "Succeeded"), {})

    @property
    def has_failed(self) -> bool:
        """Whether it is over, and did not succeed."""
        return bool(self.succeeded.get("status") == "False")

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or badly."""
        return self.succeeded.get("status") in ("True", "False")

    @property
    def reason(self) -> str:
        """Of that condition."""
        return str(self.succeeded.get("reason") or "")

    @property
    def message(self) -> str:
        """Of that condition."""
        return str(self.succeeded.get("message") or "")

    @property
    def timeout(self) -> timedelta:
        """How long it may take."""
        told = (self.spec.get("timeouts") or {}).get("pipeline") or self.spec.get("timeout")
        return duration(str(told)) if told else DEFAULT_TIMEOUT

    # of a PipelineRun

    def tasks(self, where: str = "tasks") -> dict[str, Json]:
        """The pipeline's tasks by name, as the run resolved them; `finally`: those that run in any case."""
        spec = self.status.get("pipelineSpec") or self.spec.get("pipelineSpec") or {}
        return {str(each.get("name")): each for each in spec.get(where) or ()}

    def children(self) -> Iterator[tuple[str, str]]:
        """(name of the pipeline's task, name of its TaskRun or CustomRun)."""
        for each in self.status.get("childReferences") or ():
            yield str(each.get("pipelineTaskName")), str(each.get("name"))

    @property
    def has_custom_tasks(self) -> bool:
        """Whether one of its tasks is another controller's."""
        return any(each.get("kind") == "CustomRun" for each in self.status.get("childReferences") or ())

    @property
    def custom_kind(self) -> str:
        """Of a CustomRun: the kind of what is to be run, with its group."""
        ref = self.spec.get("customRef") or (self.spec.get("customSpec") or {})
        return f"{ref.get('kind') or '(no kind)'} of {ref.get('apiVersion') or '(no apiVersion)'}"

    @property
    def skipped(self) -> tuple[Json, ...]:
        """The tasks that were not run, with the reason."""
        return tuple(self.status.get("skippedTasks") or ())

    def values(self) -> Iterator[str]:
        """What was given to it and what it gave: images, repositories and commits are among it, by any name."""
        for each in (*(self.spec.get("params") or ()), *(self.status.get("results") or ())):
            if isinstance(each.get("value"), str):
                yield each["value"].strip()

    # of a TaskRun

    @property
    def pod(self) -> str:
        """The name of its pod."""
        return str(self.status.get("podName") or "")

    @property
    def steps(self) -> tuple[Json, ...]:
        """How its steps are."""
        return tuple(self.status.get("steps") or ())

    def failed_step(self) -> Json | None:
        """The first step that ended badly by itself: those behind it are only skipped."""
        ended = ((each, each.get("terminated") or {}) for each in self.steps)
        return next(
            (each for each, end in ended if end.get("exitCode") and each.get("terminationReason") != "Skipped"),
            None,
        )

    @property
    def retries(self) -> int:
        """How often it was tried before."""
        return len(self.status.get("retriesStatus") or ())


def newest(runs: Iterable[Run]) -> list[Run]:
    """The newest run of each pipeline: what failed before it is history."""
    found: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.created):
        found[run.pipeline] = run
    return list(found.values())
