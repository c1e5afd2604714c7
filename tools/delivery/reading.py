"""Read what delivers into a namespace: a list a kind, in two rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from tools.cluster import errors
from tools.delivery.facts.application import Application
from tools.delivery.facts.builds import Build
from tools.delivery.facts.conditions import is_ready
from tools.delivery.facts.runs import OF_RUN, Run, newest
from tools.diagnose.reading import decoding
from tools.diagnose.reading.away import unless_away

if TYPE_CHECKING:
    from tools.cluster.client import Cluster
    from tools.cluster.resources import ObjectRef
    from tools.json import Json

Kind = Literal[
    "Application",
    "AppProject",
    "ConfigMap",
    "ImageUpdater",
    "Pod",
    "PipelineRun",
    "TaskRun",
    "CustomRun",
    "Repository",
    "ExternalSecret",
    "SecretStore",
    "Deployment",
    "EventListener",
    "Trigger",
    "TriggerBinding",
    "TriggerTemplate",
    "Build",
    "BuildConfig",
    "ImageStream",
]
Lookup = tuple["Json", ...] | errors.ClusterError

ARGO_CD_NAMESPACES = ("argocd", "openshift-gitops")
"""Where Argo CD mostly is: asked one by one where its applications may not be listed everywhere."""
DELIVERING: tuple[Kind, ...] = ("PipelineRun", "Build", "Application")
"""What a delivery is made of: the rest is only read beside it."""
_PARALLEL = 4
_LOOKED_INTO = 50


class Wanted(msgspec.Struct, frozen=True):
    """What should be live: a commit (its SHA, or the beginning of it) and an image; empty where none is named."""

    commit: str = ""
    image: str = ""


class Deliveries(msgspec.Struct, frozen=True, dict=True):
    """What delivers into a namespace, at one moment. `taken_at` is what the rules take for now.

    A kind that may not be read is absent from `objects`, and `not_checked` says why. `unserved` are the kinds that
    this cluster does not have. `only` is the one Application that is asked about.
    """

    cluster: str
    namespace: str
    taken_at: datetime
    objects: Mapping[Kind, tuple[Json, ...]]
    not_checked: tuple[str, ...] = ()
    unserved: frozenset[Kind] = frozenset()
    only: ObjectRef | None = None
    about: str = ""
    """The name that is asked about; empty: everything."""

    def of(self, kind: Kind) -> tuple[Json, ...]:
        """All objects of a kind; none when they could not be read."""
        return self.objects.get(kind, ())

    def has(self, kind: Kind) -> bool:
        """Whether this kind was read: only then does what is not in `of` not exist."""
        return kind in self.objects

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found in the namespace, which may then not be there."""
        inside = (kind for kind, how in READINGS.items() if kind != "Application" and not how.beside)
        return not (self.applications() or any(self.of(kind) for kind in inside))

    def named(self, kind: Kind, name: str, namespace: str | None = None) -> Json | None:
        """One object by name, and by its namespace where that is given."""
        return next(
            (
                item
                for item in self.of(kind)
                if item["metadata"]["name"] == name and namespace in (None, item["metadata"].get("namespace"))
            ),
            None,
        )

    def all_applications(self) -> tuple[Application, ...]:
        """Argo CD's applications, as far as they may be read."""
        return self._applications

    def applications(self) -> tuple[Application, ...]:
        """Those that deliver into the namespace, or are in it; where one is asked about, that alone."""
        if self.only is not None:
            return tuple(app for app in self._applications if app.ref == self.only)
        return tuple(
            app for app in self._applications if self.namespace in (app.destination_namespace, app.namespace)
        )

    def runs(self) -> tuple[Run, ...]:
        """Tekton's runs of pipelines."""
        return self._runs

    def judged_runs(self) -> list[Run]:
        """The newest run of each pipeline, and the one that is asked about by its name."""
        latest = newest(self._runs)
        return [run for run in self._runs if run in latest or run.name == self.about]

    def task_runs(self) -> tuple[Run, ...]:
        """The tasks of those that are not well, custom ones, too."""
        return self._task_runs

    def builds(self) -> tuple[Build, ...]:
        """OpenShift's builds."""
        return self._builds

    @cached_property
    def _runs(self) -> tuple[Run, ...]:
        return tuple(Run(item) for item in self.of("PipelineRun"))

    @cached_property
    def _task_runs(self) -> tuple[Run, ...]:
        return tuple(Run(item) for item in (*self.of("TaskRun"), *self.of("CustomRun")))

    @cached_property
    def _builds(self) -> tuple[Build, ...]:
        return tuple(Build(item) for item in self.of("Build"))

    @cached_property
    def _applications(self) -> tuple[Application, ...]:
        return tuple(Application(item) for item in self.of("Application"))


class Reading(msgspec.Struct, frozen=True):
    """How a kind is read: `word` as kubectl takes it. Of a kind that is not served, a list is answered with 404.

    `needed` None: always, in the first round. `beside`: in the namespaces of the applications, not in the one that
    is delivered to.
    """

    word: str
    needed: Callable[[Deliveries], bool] | None = None
    beside: bool = False
    selector: Callable[[Deliveries], str] = lambda _found: ""
    decode: Callable[[bytes], decoding.Page] = decoding.whole
    said: str = ""
    """What `not_checked` calls it, where `word` does not say it."""


def _is_held_back(found: Deliveries) -> bool:
    return any(app.sync_status == "OutOfSync" for app in found.applications())


def _is_unseen(found: Deliveries) -> bool:
    return any(app.is_unseen(found.taken_at) for app in found.applications())


def _is_updated(found: Deliveries) -> bool:
    return bool(found.applications())


def _looked_into(found: Deliveries) -> list[str]:
    """The runs whose tasks and pods say more."""
    runs = [run for run in found.judged_runs() if run.succeeded.get("status") != "True"]
    return [run.name for run in runs][:_LOOKED_INTO]


def _has_failing_runs(found: Deliveries) -> bool:
    return bool(_looked_into(found))


def _has_custom_tasks(found: Deliveries) -> bool:
    looked_into = set(_looked_into(found))
    return any(run.name in looked_into and run.has_custom_tasks for run in found.runs())


def _has_unready_secrets(found: Deliveries) -> bool:
    return any(not is_ready(item) for item in found.of("ExternalSecret"))


def _has_streams(found: Deliveries) -> bool:
    return bool(found.of("ImageStream"))


def _of_runs(found: Deliveries) -> str:
    return f"{OF_RUN} in ({', '.join(_looked_into(found))})"


def _pods(found: Deliveries) -> bool:
    return found.only is not None or _has_failing_runs(found)


def _of_pods(found: Deliveries) -> str:
    return "" if found.only is not None else _of_runs(found)


def _listens(found: Deliveries) -> bool:
    return bool(found.of("EventListener"))


READINGS: dict[Kind, Reading] = {
    "Application": Reading("applications.argoproj.io"),
    "AppProject": Reading("appprojects.argoproj.io", _is_held_back, beside=True),
    "ConfigMap": Reading(
        "configmaps", needed=_is_unseen, beside=True, said="Argo CD's settings (configmaps argocd-cm and others)"
    ),
    "ImageUpdater": Reading("imageupdaters.argocd-image-updater.argoproj.io", _is_updated, beside=True),
    "PipelineRun": Reading("pipelineruns.tekton.dev"),
    "TaskRun": Reading("taskruns.tekton.dev", _has_failing_runs, selector=_of_runs),
    "CustomRun": Reading("customruns.tekton.dev", _has_custom_tasks, selector=_of_runs),
    "Repository": Reading("repositories.pipelinesascode.tekton.dev"),
    "ExternalSecret": Reading("externalsecrets.external-secrets.io"),
    "SecretStore": Reading("secretstores.external-secrets.io", _has_unready_secrets),
    "Deployment": Reading("deployments", _has_streams),
    "EventListener": Reading("eventlisteners.triggers.tekton.dev"),
    "Trigger": Reading("triggers.triggers.tekton.dev", _listens),
    "TriggerBinding": Reading("triggerbindings.triggers.tekton.dev", _listens),
    "TriggerTemplate": Reading("triggertemplates.triggers.tekton.dev", _listens),
    "Build": Reading("builds.build.openshift.io"),
    "BuildConfig": Reading("buildconfigs.build.openshift.io"),
    "ImageStream": Reading("imagestreams.image.openshift.io"),
    "Pod": Reading("pods", _pods, selector=_of_pods),
}


Choose = Callable[[Deliveries], Deliveries]


def read(
    cluster: Cluster,
    namespace: str,
    choose: Choose | None = None,
    *,
    about: str = "",
    now: datetime | None = None,
) -> Deliveries:
    """Read what delivers into a namespace.

    `about` is the name that is asked about, if any. `choose` is given the applications, before anything else is
    read, and may say that another namespace, or only one of them, is meant. The number of requests does not depend
    on the number of objects, but for pages of 500. What may not be read is in `not_checked`. Raises any
    `ClusterError` that is everything's.
    """
    found = Deliveries(cluster.fingerprint, namespace, now or datetime.now(UTC), {}, about=about)
    asked: set[Kind] = set()
    if choose is not None:
        found = choose(_with(found, cluster, ["Application"]))
        asked |= {"Application"}
    while kinds := [kind for kind in READINGS if kind not in asked and _is_needed(kind, found)]:
        asked |= set(kinds)
        found = _with(found, cluster, kinds)
    return found


def read_only(cluster: Cluster, namespace: str, kind: Kind) -> Deliveries:
    """The same with one kind alone."""
    return _with(Deliveries(cluster.fingerprint, namespace, datetime.now(UTC), {}), cluster, [kind])


def _is_needed(kind: Kind, found: Deliveries) -> bool:
    needed = READINGS[kind].needed
    return needed is None or needed(found)


def _with(found: Deliveries, cluster: Cluster, kinds: Iterable[Kind]) -> Deliveries:
    """The deliveries with these kinds read, too."""
    kinds = tuple(kinds)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        answers = dict(zip(kinds, pool.map(lambda kind: _answer(cluster, kind, found), kinds), strict=True))
    objects: dict[Kind, tuple[Json, ...]] = dict(found.objects)
    not_checked, unserved = list(found.not_checked), set(found.unserved)
    for kind, (items, missing) in answers.items():
        not_checked += missing
        if items is None:
            unserved |= set() if missing else {kind}
        else:
            objects[kind] = items
    return replace(found, objects=objects, not_checked=tuple(not_checked), unserved=frozenset(unserved))


def _answer(cluster: Cluster, kind: Kind, found: Deliveries) -> tuple[tuple[Json, ...] | None, list[str]]:
    """The objects of a kind, None where there are none to be had; and what could not be read of it."""
    how = READINGS[kind]
    if kind == "Application":
        return _applications(cluster, found.namespace)
    where = sorted({app.namespace for app in found.applications()}) if how.beside else [found.namespace]
    return _of(how, {name: _list(cluster, how, name, how.selector(found)) for name in where})


def _applications(cluster: Cluster, namespace: str) -> tuple[tuple[Json, ...] | None, list[str]]:
    """Those of all namespaces; else those of the namespaces where they mostly are."""
    how = READINGS["Application"]
    everywhere = _list(cluster, how, None)
    if not isinstance(everywhere, errors.Forbidden):
        return _of(how, {"": everywhere})
    some = {name: _list(cluster, how, name) for name in dict.fromkeys((*ARGO_CD_NAMESPACES, namespace))}
    items, _ = _of(how, some)
    readable = [name for name, answer in some.items() if not isinstance(answer, errors.ClusterError)]
    others = f" in namespaces other than {', '.join(readable)}" if readable else ""
    return items, [f"{how.word}{others}: forbidden"]


def _of(how: Reading, answers: Mapping[str, Lookup]) -> tuple[tuple[Json, ...] | None, list[str]]:
    missing, items = [], None
    for namespace, answer in answers.items():
        if isinstance(answer, errors.NotFound):
            continue
        if isinstance(answer, errors.ClusterError):
            where = f" in {namespace}" if how.beside else ""
            missing.append(f"{how.said or how.word}{where}: {because(answer)}")
        else:
            items = (*(items or ()), *answer)
    return items, missing


def _list(cluster: Cluster, how: Reading, namespace: str | None, selector: str = "") -> Lookup:
    try:
        return tuple(_pages(cluster, how, namespace, selector))
    except decoding.NotAList as error:
        return errors.ServerFailure(f"the API server did not answer with a list: {error}")
    except errors.ClusterError as error:
        return unless_away(cluster, error)


def _pages(cluster: Cluster, how: Reading, namespace: str | None, selector: str) -> Iterable[Json]:
    pages = cluster.pages(how.word, namespace, label_selector=selector)
    data = next(pages)
    while True:
        items, token = how.decode(data)
        yield from items
        if not token:
            return
        data = pages.send(token)


def because(error: errors.ClusterError) -> str:
    """Why something could not be read, in a word or two."""
    match error:
        case errors.Forbidden():
            return "forbidden"
        case errors.Unreachable():
            return "no answer"
        case _:
            return str(error)
