"""What Argo CD changes when an Application is synced, and whose that is. Pure.

The gate judges a sync by these objects, and not by the Application, which lies in Argo CD's own namespace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.delivery.facts.application import API_VERSION
from tools.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.delivery.facts.application import Application
    from tools.json import Json


def effects(app: Application) -> tuple[ObjectRef, ...]:
    """The Application as if it lay where it delivers to; what of it a sync would change; what lies elsewhere.

    An entry of `status.resources` without a namespace is of the whole cluster. Hooks are made by every sync, and
    what is only to be pruned is left as it is.
    """
    own = ObjectRef(API_VERSION, "Application", app.destination_namespace or None, app.name)
    return tuple(dict.fromkeys((own, *(_ref(each) for each in app.resources() if _is_touched(each, app)))))


def _is_touched(resource: Json, app: Application) -> bool:
    if resource.get("namespace") != app.destination_namespace or resource.get("hook"):
        return True
    return resource.get("status") != "Synced" and not resource.get("requiresPruning")


def _ref(resource: Json) -> ObjectRef:
    group, version = resource.get("group") or "", resource.get("version") or "v1"
    kind, name = str(resource.get("kind") or "?"), str(resource.get("name") or "?")
    return ObjectRef(f"{group}/{version}" if group else str(version), kind, resource.get("namespace") or None, name)


def refuse_anothers(app: Application, labels: Mapping[str, str]) -> None:
    """Raises `Refused` unless it is an Application of the team whose namespace it delivers to, on this cluster.

    `labels` are that namespace's. A team's AppProject has the team's name, as `onboard_team` makes it.
    """
    where, team = app.destination_namespace, labels.get("team")
    if not app.is_in_cluster or not where:
        raise Refused(
            f"{app.said} does not deliver into a namespace of this cluster: that is Flow's. Ask Flow", "Flow"
        )
    if (app.spec.get("syncPolicy") or {}).get("managedNamespaceMetadata"):
        raise Refused(
            f"{app.said} writes the labels of namespace {where} itself (managedNamespaceMetadata), "
            "which is Atlas's. Ask Atlas",
            "Atlas",
        )
    if team is None or team != app.project:
        whose = f"is team {team}'s" if team else "has no label team"
        raise Refused(
            f"{app.said} is of the project {app.project}, and namespace {where} {whose}: Desk touches only "
            "a team's own applications. Ask Flow",
            "Flow",
        )


def was_compared_as_it_is(app: Application) -> bool:
    """Whether what its status lists was made of the very sources and destination that its spec names now."""
    compared = (app.status.get("sync") or {}).get("comparedTo") or {}
    sources = tuple(compared.get("sources") or ()) or (compared.get("source") or {},)
    wanted, seen = app.spec.get("destination") or {}, compared.get("destination") or {}
    same = all(seen.get(key) == value for key, value in wanted.items())
    return bool(compared) and sources == app.sources and same
