"""An Application of Argo CD, by the fields that its controller writes.

Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml and the type `ApplicationStatus`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.diagnose.facts.containers import parse_time

if TYPE_CHECKING:
    from tools.json import Json

API_VERSION = "argoproj.io/v1alpha1"
COMPARED_EVERY = timedelta(minutes=3)
"""How often Argo CD looks at git by itself: `timeout.reconciliation`, with its jitter.

Source: https://argo-cd.readthedocs.io/en/stable/faq/#how-often-does-argo-cd-check-for-changes-to-my-git-or-helm-repository
"""
UNSEEN_AFTER = 3 * COMPARED_EVERY
"""A controller that has much to do comes late; later than this it does not come."""
SYNC_BEGINS_WITHIN = timedelta(minutes=1)
"""How long after a look that saw a difference an automated sync may begin: it mostly begins at once."""
IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
IN_CLUSTER_NAME = "in-cluster"
SHORT_SHA = 7


def short(revision: str) -> str:
    """A commit as people write it; a chart's version, or a tag, as it is."""
    is_sha = len(revision) == 40 and all(letter in "0123456789abcdef" for letter in revision)
    return revision[:SHORT_SHA] if is_sha else revision


def same_commit(one: str, other: str) -> bool:
    """Whether two SHAs mean one commit, where either may be only the beginning."""
    one, other = one.lower(), other.lower()
    shorter = min(len(one), len(other))
    return shorter >= SHORT_SHA and one[:shorter] == other[:shorter]


class Application:
    """One Application; every field may be missing, for its controller may never have seen it."""

    def __init__(self, item: Json) -> None:
        self.item = item
        self.spec: Json = item.get("spec") or {}
        self.status: Json = item.get("status") or {}

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.item["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Where the Application is, which is mostly not where it delivers to."""
        return str(self.item["metadata"].get("namespace") or "")

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        return ObjectRef(API_VERSION, "Application", self.namespace, self.name)

    @property
    def said(self) -> str:
        """`Application checkout`."""
        return f"Application {self.name}"

    @property
    def annotations(self) -> dict[str, str]:
        """Its annotations."""
        return self.item["metadata"].get("annotations") or {}

    @property
    def created_at(self) -> datetime | None:
        """When it was made."""
        return parse_time(self.item["metadata"].get("creationTimestamp"))

    @property
    def project(self) -> str:
        """Its AppProject."""
        return str(self.spec.get("project") or "default")

    # where from, where to

    @cached_property
    def sources(self) -> tuple[Json, ...]:
        """Where its manifests are: one source, or several."""
        several = self.spec.get("sources") or ()
        return tuple(several) if several else (self.spec.get("source") or {},)

    @property
    def target(self) -> str:
        """The branch, tag or commit of its first source."""
        return str(self.sources[0].get("targetRevision") or "HEAD")

    @property
    def destination_namespace(self) -> str:
        """The namespace it delivers to."""
        return str((self.spec.get("destination") or {}).get("namespace") or "")

    @property
    def is_in_cluster(self) -> bool:
        """Whether it delivers into the cluster that Argo CD itself runs in."""
        destination = self.spec.get("destination") or {}
        if destination.get("name"):
            return bool(destination["name"] == IN_CLUSTER_NAME)
        return str(destination.get("server") or IN_CLUSTER_SERVER).rstrip("/") == IN_CLUSTER_SERVER

    # what Argo CD has seen

    @property
    def reconciled_at(self) -> datetime | None:
        """When it was last compared with git."""
        return parse_time(self.status.get("reconciledAt"))

    def is_unseen(self, now: datetime) -> bool:
        """Whether it has not been compared for longer than Argo CD ever takes."""
        last = self.reconciled_at or self.created_at
        return last is not None and now - last > UNSEEN_AFTER

    @property
    def sync_status(self) -> str:
        """Synced, OutOfSync or Unknown; empty where nothing was ever compared."""
        return str((self.status.get("sync") or {}).get("status") or "")

    @property
    def revisions(self) -> tuple[str, ...]:
        """What git was at when it was last compared, source by source."""
        return _revisions(self.status.get("sync") or {})

    @property
    def revision(self) -> str:
        """The same of the first source; empty where nothing was ever compared."""
        return next(iter(self.revisions), "")

    @property
    def health(self) -> str:
        """Healthy, Progressing, Degraded, Suspended, Missing or Unknown; empty where it is not known."""
        return str((self.status.get("health") or {}).get("status") or "")

    @property
    def health_since(self) -> datetime | None:
        """Since when it is of this health; else since the last sync ended."""
        told = parse_time((self.status.get("health") or {}).get("lastTransitionTime"))
        return told or parse_time(self.operation.get("finishedAt"))

    def condition(self, *types: str) -> Json | None:
        """The first condition of one of these types: each is there only while it is so."""
        conditions = self.status.get("conditions") or ()
        return next((each for each in conditions if each.get("type") in types), None)

    @property
    def images(self) -> tuple[str, ...]:
        """The images of what is in the cluster of it."""
        return tuple((self.status.get("summary") or {}).get("images") or ())

    def resources(self, status: str = "") -> tuple[Json, ...]:
        """What it consists of; with a sync status only what is of it."""
        own = self.status.get("resources") or ()
        return tuple(each for each in own if not status or each.get("status") == status)

    # its last sync

    @property
    def operation(self) -> Json:
        """The sync that runs or was the last one; empty where there was none."""
        return self.status.get("operationState") or {}

    @property
    def phase(self) -> str:
        """Running, Succeeded, Failed, Error or Terminating; empty where there was no sync."""
        return str(self.operation.get("phase") or "")

    @property
    def operation_revisions(self) -> tuple[str, ...]:
        """What that sync brings, or brought."""
        result = _revisions(self.operation.get("syncResult") or {})
        return result or _revisions((self.operation.get("operation") or {}).get("sync") or {})

    @property
    def operation_results(self) -> tuple[Json, ...]:
        """What became of each resource and hook."""
        return tuple((self.operation.get("syncResult") or {}).get("resources") or ())

    @property
    def is_synced_to_revision(self) -> bool:
        """Whether the last sync was of what git is at."""
        return bool(self.revisions) and self.operation_revisions == self.revisions

    @property
    def automated(self) -> Json | None:
        """The policy of automated syncs; None where somebody must sync it by hand.

        Source: https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
        """
        policy = (self.spec.get("syncPolicy") or {}).get("automated")
        return policy if policy is not None and policy.get("enabled") is not False else None

    def history(self) -> Iterator[tuple[tuple[str, ...], datetime | None]]:
        """What was synced and when, the oldest first; Argo CD keeps ten."""
        for each in self.status.get("history") or ():
            yield _revisions(each), parse_time(each.get("deployedAt"))


def _revisions(item: Json) -> tuple[str, ...]:
    """`revisions` where there are several sources, else `revision`."""
    several = tuple(str(each) for each in item.get("revisions") or ())
    return several or ((str(item["revision"]),) if item.get("revision") else ())
