"""Read a snapshot: what is always needed in one round of lists, the rest as what was read asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Self

import msgspec
from msgspec.structs import replace

from tools.cluster import errors
from tools.cluster.client import Cluster
from tools.cluster.namespaces import not_there
from tools.diagnose.facts.containers import Container, broken
from tools.diagnose.facts.initializing import long_initializing
from tools.diagnose.facts.probing import waits_unready
from tools.diagnose.reading import decoding, remaining, secrets
from tools.diagnose.reading.away import unless_away
from tools.diagnose.reading.needs import READINGS, needed
from tools.diagnose.reading.snapshot import ContainerKey
from tools.diagnose.rules import due
from tools.diagnose.selection import EVERYTHING, Asked, narrowed
from tools.diagnose.terms import Json, Kind, Snapshot, grouped

Answer = tuple["Json", ...] | errors.ClusterError

_PARALLEL_LISTS = 4
"""Each has its connection, whose TLS handshake costs both sides as much as several small lists."""
_PARALLEL_LOGS = 12
"""Where there are more logs than connections: to wait for a list takes less than another handshake."""

LOG_LINES = 50
LOG_BYTES = 64_000
LOGS_AT_MOST = 50
LOGS_WITHIN_S = 5.0
"""A log that has not begun to come by then is not waited for: the diagnosis does without it, and says so."""
_NO_LOG = "unable to retrieve container logs for "
"""What the kubelet answers, with status 200, for a container that was removed meanwhile."""


class WantedLog(msgspec.Struct, frozen=True):
    """A container that failed; `previous`: its log is that of the run before the present one."""

    pod: str
    container: str
    previous: bool


def read_snapshot(
    cluster: Cluster, namespace: str, asked: Asked = EVERYTHING, *, now: datetime | None = None
) -> Snapshot:
    """Read a namespace; of the failed containers, the logs of those that `asked` is about.

    The number of requests does not depend on the number of objects: one list per kind that is needed (see
    `needs`), and one log (two when it is empty) per failed container of an owner, `LOGS_AT_MOST` at most. No
    value of a Secret or ConfigMap is kept. What could not be read is listed in `not_checked`.

    Raises `NotFound` when the namespace, or what `asked` names, does not exist; and any `ClusterError` that
    keeps the pods from being read, or is everything's.
    """
    with Reader(cluster, namespace, now=now) as reader:
        return reader.snapshots(asked)[namespace]


class Reader:
    """Reads one namespace, or with None all of them, round by round: what one round tells decides the next.

    On entry the first round is sent, and not waited for: the caller may do something else meanwhile.
    """

    def __init__(self, cluster: Cluster, namespace: str | None, *, now: datetime | None = None) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._now = now or datetime.now(UTC)
        self._lists = ThreadPoolExecutor(_PARALLEL_LISTS)
        self._logs = ThreadPoolExecutor(_PARALLEL_LOGS)
        self._asked: dict[Kind, Future[Answer]] = {}
        self._answers: dict[Kind, Answer] = {}

    def __enter__(self) -> Self:
        self._ask(kind for kind, how in READINGS.items() if how.needed is None)
        return self

    def __exit__(self, *raised: object) -> None:
        for pool in (self._lists, self._logs):
            pool.shutdown(wait=False, cancel_futures=True)  # who was interrupted does not wait for an answer

    def snapshots(self, asked: Asked) -> dict[str, Snapshot]:
        """The snapshots by namespace; raises as `read_snapshot`."""
        self._import_rules()
        self._await()
        self._need_pods(asked)
        if self._namespace is not None and isinstance(self._answers["Namespace"], errors.NotFound):
            raise not_there(self._cluster, self._namespace)
        snapshots = self._assembled(None) if asked is EVERYTHING else self._completed(None)  # a name is of any kind
        chosen = [narrowed(snapshot, asked, self._cluster) for snapshot in snapshots.values()]
        logs = _LogReading(self._cluster, chosen, few=self._lists, many=self._logs)
        self._read_needed(snapshots)
        return {name: self._looked_into(one) for name, one in self._completed(logs).items()}

    def _import_rules(self) -> None:
        """While lists are still to come: the rules that are always due, then those that the pods call for."""
        self._import_due()
        self._answers["Pod"] = self._asked["Pod"].result()
        self._import_due()

    def _import_due(self) -> None:
        for snapshot in self._assembled(None).values():
            due(snapshot)

    def _completed(self, logs: _LogReading | None) -> dict[str, Snapshot]:
        """The snapshots with all kinds that their rules need."""
        while True:
            snapshots = self._assembled(logs)
            if not self._read_needed(snapshots):
                return snapshots

    def _read_needed(self, snapshots: Mapping[str, Snapshot]) -> bool:
        """Whether anything was needed: then it is read."""
        kinds = {kind for snapshot in snapshots.values() for kind in needed(snapshot, self._answers)}
        self._ask(kinds)
        self._await()
        return bool(kinds)

    def _looked_into(self, snapshot: Snapshot) -> Snapshot:
        return remaining.look_into(self._cluster, secrets.look_into(self._cluster, snapshot))

    def _need_pods(self, asked: Asked) -> None:
        """Who may read one pod and not list them is told of that one."""
        pods = self._answers["Pod"]
        if not isinstance(pods, errors.ClusterError):
            return
        if isinstance(pods, errors.Forbidden) and self._namespace is not None and (name := asked.pod_name()):
            self._answers["Pod"] = (self._cluster.get("pods", name, self._namespace),)
            return
        raise pods

    def _ask(self, kinds: Iterable[Kind]) -> None:
        self._asked = {kind: self._lists.submit(_list, self._cluster, kind, self._namespace) for kind in kinds}

    def _await(self) -> None:
        self._answers |= {kind: read.result() for kind, read in self._asked.items()}

    def _assembled(self, logs: _LogReading | None) -> dict[str, Snapshot]:
        objects: dict[str, dict[Kind, tuple[Json, ...]]] = {self._namespace: {}} if self._namespace else {}
        not_checked: list[str] = []
        for kind, answer in self._answers.items():
            if isinstance(answer, errors.ClusterError):
                not_checked.append(f"{READINGS[kind].said or READINGS[kind].word}: {_because(answer)}")
            elif self._namespace is None and not READINGS[kind].cluster_scoped:
                for namespace, items in _by_namespace(answer).items():
                    objects.setdefault(namespace, {})[kind] = items
            elif self._namespace is None and kind == "Namespace":
                for name in (item["metadata"]["name"] for item in answer if _is_going(item)):
                    objects.setdefault(name, {})
        shared = self._shared()
        snapshots = {
            namespace: Snapshot(
                self._cluster.fingerprint, namespace, self._now, {**shared, **own}, {}, tuple(not_checked)
            )
            for namespace, own in objects.items()
        }
        return snapshots if logs is None else logs.added_to(snapshots)

    def _shared(self) -> dict[Kind, tuple[Json, ...]]:
        """What each namespace's snapshot holds: all there is of one namespace; of all, what has no namespace."""
        return {
            kind: answer if self._namespace is not None or READINGS[kind].cluster_scoped else ()
            for kind, answer in self._answers.items()
            if not isinstance(answer, errors.ClusterError)
        }


class _LogReading:
    """The logs of what failed, being read."""

    def __init__(
        self, cluster: Cluster, snapshots: Iterable[Snapshot], *, few: ThreadPoolExecutor, many: ThreadPoolExecutor
    ) -> None:
        wanted = [(snapshot.namespace, one) for snapshot in snapshots for one in _wanted_logs(snapshot)]
        pool = few if len(wanted) <= _PARALLEL_LISTS else many
        self._left_out = max(0, len(wanted) - LOGS_AT_MOST)
        self._reads = {
            (namespace, one.pod, one.container): pool.submit(_log, cluster, namespace, one)
            for namespace, one in wanted[:LOGS_AT_MOST]
        }

    def _answers(self) -> dict[tuple[str, str, str], str | errors.ClusterError | None]:
        """What has come; those that have not begun in time are no longer asked for."""
        wait(self._reads.values(), timeout=LOGS_WITHIN_S)
        late = errors.Unreachable(f"no answer within {LOGS_WITHIN_S:.0f} s")
        return {which: late if read.cancel() else read.result() for which, read in self._reads.items()}

    def added_to(self, snapshots: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
        logs: dict[str, dict[ContainerKey, str]] = {}
        not_read: dict[str, list[str]] = {}
        for (namespace, pod, container), answer in self._answers().items():
            if isinstance(answer, errors.ClusterError):
                not_read.setdefault(namespace, []).append(f"log of {pod}/{container}: {_because(answer)}")
            elif answer is not None:
                logs.setdefault(namespace, {})[pod, container] = answer
        left_out = f"logs of {self._left_out} more containers: {LOGS_AT_MOST} at most"
        return {
            namespace: replace(
                snapshot,
                logs=logs.get(namespace, {}),
                not_checked=(
                    *snapshot.not_checked,
                    *not_read.get(namespace, ()),
                    *((left_out,) if self._left_out else ()),
                ),
            )
            for namespace, snapshot in snapshots.items()
        }


def _is_going(namespace: Json) -> bool:
    """Whether it is being deleted: what is left in it may be of a kind that is not read."""
    return bool(namespace["metadata"].get("deletionTimestamp"))


def _by_namespace(items: Iterable[Json]) -> dict[str, tuple[Json, ...]]:
    found = grouped(items, lambda item: str(item["metadata"].get("namespace", "")))
    return {namespace: tuple(own) for namespace, own in found.items()}


def _list(cluster: Cluster, kind: Kind, namespace: str | None) -> Answer:
    how = READINGS[kind]
    if kind == "Namespace" and namespace is not None:
        return _namespace(cluster, namespace)
    pages = cluster.pages(
        how.word,
        None if how.cluster_scoped else namespace,
        field_selector=how.field_selector,
        names_only=how.names_only,
    )
    objects: list[Json] = []
    try:
        data = next(pages)
        while True:
            page, token = how.decode(data)
            objects += page
            if not token:
                return tuple(objects)
            if how.at_most is not None and len(objects) >= how.at_most:
                return errors.ClusterError(f"there are more than {how.at_most}")
            data = pages.send(token)
    except decoding.NotAList as error:
        return errors.ServerFailure(f"the API server did not answer with a list: {error}")
    except errors.NotFound as error:
        return () if how.optional else error
    except errors.ClusterError as error:
        return unless_away(cluster, error)


def _namespace(cluster: Cluster, name: str) -> Answer:
    """Who may not list the namespaces may get their own."""
    try:
        return (cluster.get("namespaces", name, None),)
    except errors.NotFound as error:
        return error
    except errors.ClusterError as error:
        return unless_away(cluster, error)


def _wanted_logs(snapshot: Snapshot) -> list[WantedLog]:
    """One per container of an owner: the pods of one owner fail alike. What was killed for memory says nothing."""
    wanted = []
    for group in broken(snapshot, "CrashLoopBackOff"):
        container = group[0]
        wanted.append(WantedLog(container.pod_name, container.name, previous=_wants_previous(container)))
    for container, *_ in (*waits_unready(snapshot), *long_initializing(snapshot)):
        wanted.append(WantedLog(container.pod_name, container.name, previous=False))
    return wanted


def _wants_previous(container: Container) -> bool:
    """Whether the run that failed is the previous one, or will be in an instant.

    The first restart follows at once; after that the kubelet waits at least ten seconds.
    """
    ends_with_its_pod = container.pod["status"].get("phase") == "Failed"
    return not container.terminated or (container.restarts == 0 and not ends_with_its_pod)


def _log(cluster: Cluster, namespace: str, wanted: WantedLog) -> str | errors.ClusterError | None:
    """The log of the run that failed, else of the other one; None when neither is there any more."""
    found = None
    for previous in (wanted.previous, not wanted.previous):
        try:
            text = cluster.logs(
                namespace,
                wanted.pod,
                container=wanted.container,
                previous=previous,
                tail_lines=LOG_LINES,
                limit_bytes=LOG_BYTES,
                timeout_s=LOGS_WITHIN_S,
            )
        except (errors.NotFound, errors.Invalid):  # there was no such run, or the pod is gone since
            continue
        except errors.ClusterError as error:
            return unless_away(cluster, error)
        if text.startswith(_NO_LOG):
            continue
        if text.strip():
            return text
        found = ""
    return found


def _because(error: errors.ClusterError) -> str:
    match error:
        case errors.Forbidden():
            return "forbidden"
        case errors.NotFound():
            return "not served by this cluster"
        case errors.Unreachable():
            return "no answer"
        case _:
            return str(error)
