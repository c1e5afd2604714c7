"""Makes the Jobs: the first one of a request, and those that go on with its session."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice, takewhile

import msgspec

from agent.dispatch.deciding import MAX_IN_VAIN, Ended, Next, Over, Standing, after
from agent.dispatch.job import KEY, NUMBER, REQUEST, SELECTOR, job, name_of
from agent.dispatch.request import Request, parsed
from agent.errors import UsageError
from agent.journal.journal import Journal
from agent.journal.view import SessionView
from agent.session.choosing import all_with_key, waits_for
from agent.session.nodes.close import is_over
from agent.settings import DispatchSettings
from tools.cluster.client import Cluster
from tools.cluster.errors import PASSING, ClusterError, Conflict, Modified, NotFound
from tools.cluster.resources import ObjectRef
from tools.json import Json

LOOKS_EVERY_S = 2.0
KUEUE = ("kueue.x-k8s.io/v1beta1", "kueue.x-k8s.io/v1beta2")


@dataclass(frozen=True, slots=True)
class Made:
    """A session key's Job; `new` False: it was there. Without a name, `why` says what a person should look at."""

    session_key: str
    namespace: str
    name: str
    new: bool = False
    why: str = ""


@dataclass
class Dispatcher:
    """Safe with any number of others at once: each Job has one name, and Kubernetes makes it once."""

    settings: DispatchSettings
    cluster: Cluster
    journal: Journal
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _over: set[str] = field(default_factory=set)
    """The uids of Jobs that no other comes after."""
    _told: dict[str, str] = field(default_factory=dict)
    """What was told of a key that is in trouble."""

    def __post_init__(self) -> None:
        lacks = [name for name in ("image", "repository") if not getattr(self.settings, name)]
        if lacks:
            raise UsageError(
                f"dispatch in desk.yaml lacks {' and '.join(lacks)}, so no Job can be made: see docs/dispatch.md."
            )

    @property
    def namespace(self) -> str:
        """Where the Jobs are."""
        return self.settings.namespace or self.cluster.namespace

    def dispatch(self, request: Request) -> Made:
        """The Job of a request: a new one, or the newest there is of its session key.

        Raises `UsageError` where the key stands for another task, and `ClusterError` where no Job can be made.
        """
        request = msgspec.structs.replace(request, task=self.journal.redactor.text(request.task))
        there = self._jobs(f"{SELECTOR},{KEY}={request.key}").get(request.key, [])
        if there:
            _refuse_another(request, _request_of(there[-1]))
            return Made(request.session_key, self.namespace, str(there[-1]["metadata"]["name"]))
        return self._make(request, 1, "asked for")

    def another(self, request: Request) -> Made:
        """The Job that is at work for a request, or the next one, whatever became of those before.

        Raises what `dispatch` does.
        """
        there = self._jobs(f"{SELECTOR},{KEY}={request.key}").get(request.key, [])
        if there:
            _refuse_another(request, _request_of(there[-1]))
            if _ended(there[-1]).ended_at is None:
                return Made(request.session_key, self.namespace, str(there[-1]["metadata"]["name"]))
        return self._make(request, _number(there[-1]) + 1 if there else 1, "asked for")

    def last(self) -> dict[str, Ended]:
        """Session key -> how its newest Job stands."""
        return {_request_of(jobs[-1]).session_key: _ended(jobs[-1]) for jobs in self._jobs(SELECTOR).values()}

    def end(self, session_key: str) -> None:
        """Delete the Job that is at work for a key: its pod is told to stop, and its session drains."""
        for jobs in self._jobs(SELECTOR).values():
            there = jobs[-1]["metadata"]
            if _request_of(jobs[-1]).session_key == session_key and _ended(jobs[-1]).ended_at is None:
                target = ObjectRef("batch/v1", "Job", self.namespace, there["name"])
                self.cluster.delete(target, uid=there["uid"], resource_version=there["resourceVersion"])

    def once(self) -> Iterator[Made]:
        """Go on with sessions whose Jobs have ended; gives what was made, and what is in trouble."""
        for jobs in self._jobs(SELECTOR).values():
            uid = str(jobs[-1]["metadata"]["uid"])
            if uid in self._over or _ended(jobs[-1]).ended_at is None:
                continue
            request = _request_of(jobs[-1])
            standing, idle = self._standing(request)
            match after([_ended(each) for each in jobs], standing, self.now(), idle):
                case Next(number, why):
                    yield from self._go_on(request, number, why)
                case Over(trouble):
                    self._over.add(uid)
                    yield from self._tell(request, trouble)

    def _go_on(self, request: Request, number: int, why: str) -> Iterator[Made]:
        """One that cannot be made now, as for a quota, keeps no other back."""
        try:
            made = self._make(request, number, why)
        except PASSING:
            raise
        except ClusterError as error:
            yield from self._tell(request, str(error))
        else:
            self._told.pop(request.key, None)
            if made.new:
                yield made

    def _tell(self, request: Request, trouble: str) -> Iterator[Made]:
        if trouble and self._told.get(request.key) != trouble:
            self._told[request.key] = trouble
            yield Made(request.session_key, self.namespace, "", why=trouble)

    def run(self, told: Callable[[Made], None], sleep: Callable[[float], None]) -> None:
        """Do `once` again and again, until `sleep` raises. What passes by itself ends nothing."""
        while True:
            with contextlib.suppress(*PASSING):
                for made in self.once():
                    told(made)
            sleep(LOOKS_EVERY_S)

    def _standing(self, request: Request) -> tuple[Standing, int]:
        """How the key's newest session stands, and how many in a row have handed over and had done nothing."""
        views = all_with_key(self.journal, request.session_key)
        view = next(views, None)
        if view is None:
            return Standing.NONE, 0
        if self.journal.is_leased(view.id):
            return Standing.RUNNING, 0
        standing = standing_of(view, waits=bool(waits_for(self.journal, view, self.now())))
        idle = takewhile(_is_idle, chain([view], views)) if standing is Standing.HANDED_OVER else ()
        return standing, sum(1 for _ in islice(idle, MAX_IN_VAIN))

    def _make(self, request: Request, number: int, why: str) -> Made:
        name = name_of(request, number)
        target = ObjectRef("batch/v1", "Job", self.namespace, name)
        body = job(request, number, self.settings, self.namespace, queued=self._is_queued())
        try:
            self.cluster.create(target, body)
        except Modified:  # a quota's count, say: nothing was made
            raise
        except Conflict:  # another dispatcher has made it just now
            _refuse_another(request, _request_of(self.cluster.read(target)))
            return Made(request.session_key, self.namespace, name)
        return Made(request.session_key, self.namespace, name, new=True, why=why)

    def _is_queued(self) -> bool:
        return self.settings.queue is not None and any(self.cluster.serves(each, "LocalQueue") for each in KUEUE)

    def _jobs(self, selector: str) -> dict[str, list[Json]]:
        """The Jobs by their session key's label, each key's by their numbers."""
        found: dict[str, list[Json]] = defaultdict(list)
        with contextlib.suppress(NotFound):
            for each in self.cluster.list("jobs.batch", self.namespace, label_selector=selector):
                found[each["metadata"]["labels"][KEY]].append(each)
        return {key: sorted(jobs, key=_number) for key, jobs in found.items()}


def standing_of(view: SessionView, *, waits: bool) -> Standing:
    """How a session that no process runs stands; `waits`: a person may still decide what it asked for."""
    if is_over(view):
        handed_over = view.closed is not None and view.closed.outcome == "handed_over"
        return Standing.HANDED_OVER if handed_over else Standing.OVER
    return Standing.WAITING if waits and view.paused is not None else Standing.OPEN


def _is_idle(view: SessionView) -> bool:
    return standing_of(view, waits=False) is Standing.HANDED_OVER and not view.subtasks


def _refuse_another(request: Request, there: Request) -> None:
    if request.session_key != there.session_key or request.task != there.task:
        raise UsageError(
            f"The key {request.session_key} stands for another task: {there.task!r}. Give the same words, or "
            "another key."
        )


def _number(each: Json) -> int:
    return int(each["metadata"]["labels"][NUMBER])


def _request_of(each: Json) -> Request:
    return parsed(msgspec.json.decode(each["metadata"]["annotations"][REQUEST]), each["metadata"]["name"])


def _ended(each: Json) -> Ended:
    """Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions."""
    for condition in each.get("status", {}).get("conditions", ()):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            at = datetime.fromisoformat(condition["lastTransitionTime"])
            return Ended(_number(each), at, condition["type"] == "Failed", str(condition.get("reason", "")))
    return Ended(_number(each), None)
