"""Which runs and builds make what an application runs: by its names, its images, or a commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from tools.delivery.facts.application import same_commit
from tools.delivery.facts.builds import Build, newest
from tools.delivery.facts.runs import Run
from tools.delivery.rules.openshift import building
from tools.delivery.rules.tekton import failing
from tools.diagnose.facts.image_pulls import reference

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.diagnose.findings import Finding, Starting
    from tools.json import Json

_LABELS = ("app", "app.kubernetes.io/name", "app.kubernetes.io/instance", "argocd.argoproj.io/instance")
_COMMITS = ("pipelinesascode.tekton.dev/sha",)


class Related(msgspec.Struct, frozen=True):
    """What makes an application's images: runs and builds, and the configurations of builds."""

    runs: tuple[Run, ...]
    builds: tuple[Build, ...]
    configs: tuple[Json, ...]
    exact: bool = False
    """Whether they are of the very commit that is asked about."""

    def __bool__(self) -> bool:
        return bool(self.runs or self.builds or self.configs)

    def findings(self, found: Deliveries) -> list[Finding]:
        """What is wrong with them."""
        judged = (
            *(failing.failing(run, found) for run in self.runs),
            *(building.building(build, found) for build in self.builds),
            *(building.paused(item) for item in self.configs),
        )
        return [each for each in judged if each is not None]

    def going(self, found: Deliveries) -> list[Starting]:
        """What of them is on its way."""
        runs = (failing.on_its_way(run, found) for run in self.runs)
        builds = (building.on_its_way(build, found) for build in self.builds)
        return [each for each in (*runs, *builds) if each is not None]

    def said(self) -> str:
        """How they ended."""
        runs = (f"PipelineRun {run.name}: {run.reason or 'not begun'}" for run in self.runs)
        return "; ".join((*runs, *(f"Build {build.name}: {build.phase}" for build in self.builds)))


NOTHING = Related((), (), ())


def related(app: Application | None, name: str, found: Deliveries, wanted: Wanted) -> Related:
    """The newest of each; where a commit is asked about and some are of it, those alone."""
    names = {name, *((app.name, *(str(each.get("name")) for each in app.resources())) if app else ())}
    images = (*(app.images if app else ()), *((wanted.image,) if wanted.image else ()))
    repositories = {reference(image).full_repository for image in images}
    runs = [run for run in found.judged_runs() if _is_of(run, names, repositories, wanted)]
    builds = [build for build in newest(found.builds()) if _makes(build, names, repositories, wanted)]
    configs = [item for item in found.of("BuildConfig") if item["metadata"]["name"] in names]
    exact = [run for run in found.runs() if _has_commit(_run_commits(run), wanted)]
    exact_builds = [build for build in found.builds() if _has_commit([build.commit], wanted)]
    if exact or exact_builds:
        return Related(tuple(exact), tuple(exact_builds), tuple(configs), exact=True)
    return Related(tuple(runs), tuple(builds), tuple(configs))


def _is_of(run: Run, names: set[str], repositories: set[str], wanted: Wanted) -> bool:
    told = {run.pipeline, run.name, *(str(run.labels.get(label)) for label in _LABELS)}
    return bool(told & names) or _names_one(run.values(), repositories) or _has_commit(_run_commits(run), wanted)


def _makes(build: Build, names: set[str], repositories: set[str], wanted: Wanted) -> bool:
    return build.config in names or _names_one([build.output], repositories) or _has_commit([build.commit], wanted)


def _names_one(values: Iterable[str], repositories: set[str]) -> bool:
    return any(value and "/" in value and reference(value).full_repository in repositories for value in values)


def _run_commits(run: Run) -> list[str]:
    return [*(str(run.labels.get(label) or "") for label in _COMMITS), *run.values()]


def _has_commit(commits: Iterable[str], wanted: Wanted) -> bool:
    return bool(wanted.commit) and any(same_commit(wanted.commit, each) for each in commits)
