"""The driver for what is in clouds: one for all kinds, which are told by their specifications (`tools/cloud`).

| | |
|---|---|
| target | `ecr.aws/Repository`: the kind; the namespace is ACCOUNT/REGION; the name |
| apply | the values that are to be so; what is there already and is not Desk's is never taken over |
| delete | the body says how, so that nothing is lost: with a final snapshot, with days to restore it in |

Whether it happened is told by the resource itself: its tags are given in the request that makes it, and `session`
is one of them. So what an earlier process of this session made half is finished, and what anybody else made
meanwhile is left alone. No cloud has a dry run of these: that we may not make it is told by the cloud when it is
sent, and then nothing was changed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping

from tools.apimachinery.manifests import as_yaml
from tools.changes.credentials import check_source, read_value
from tools.changes.driver import Effect, Preview, Running, Stale
from tools.changes.plan import Change, Credentials, Plan, Verb
from tools.cloud.resource import HOW, POLL_S, Cloud, Kind, Live, contains, part_of
from tools.cloud.tags import is_ours
from tools.cluster.client import Cluster
from tools.cluster.errors import ClusterSettingsError, Conflict, Invalid
from tools.cluster.resources import ObjectRef
from tools.errors import ToolFailed
from tools.json import Json
from tools.risk import Risk

VALUE = "value"
"""Of how a secret is made: its value, which is filled in when the change is sent."""


def target_of(cloud: Cloud, kind: str, name: str) -> ObjectRef:
    """Which resource: its kind, the account with its region, its name."""
    api, _, named = kind.partition("/")
    return ObjectRef(api, named, cloud.account.place, name)


def cloud_change(
    system: str, cloud: Cloud, kind: str, name: str, spec: Json, credentials: Credentials | None = None
) -> Change:
    """What makes a resource as `spec` says, or brings what Desk made up to it.

    Raises `ToolFailed` where there is one of this name that Desk did not make.
    """
    live = cloud.kind(kind).read(name)
    if live is None:
        return _change(system, target_of(cloud, kind, name), spec, "apply", None, credentials)
    refuse_others(live, target_of(cloud, kind, name))
    tags = {key: value for key, value in (spec.get("tags") or {}).items() if key != "session"}
    wanted = {**spec, **({"tags": tags} if tags else {})}
    return _change(system, target_of(cloud, kind, name), wanted, "apply", live, credentials)


def refuse_others(live: Live, target: ObjectRef) -> None:
    """Raises `ToolFailed` for what Desk did not make, as its tags say."""
    if not is_ours(live.tags):
        raise ToolFailed(
            f"{target} is there already, and Desk did not make it (it has no tag managed-by=desk-agent): it "
            "is left as it is. Choose another name."
        )


def _change(
    system: str, target: ObjectRef, body: Json, verb: Verb, live: Live | None, credentials: Credentials | None
) -> Change:
    undo: Json = {}
    if live is not None:
        undo = live.spec if verb == "delete" else part_of(live.spec, body)
    return Change(
        target=target,
        resource="",
        body=body,
        undo=undo,
        uid=live.uid if live else "",
        resource_version="",
        version=live.version if live else "",
        verb=verb,
        credentials=credentials,
        system=system,
    )


class CloudDriver:
    """`Driver` of one cloud. `cluster`: where secrets are read from that a change takes."""

    at_once = 1

    def __init__(self, system: str, connect: Callable[[str], Cloud], cluster: Cluster) -> None:
        self._system = system
        self._connect = connect
        self._cluster = cluster

    @property
    def _cloud(self) -> Cloud:
        return self._connect(self._system)

    @property
    def account(self) -> str:
        """The account with its region."""
        return f"{self._system} {self._cloud.account.place}"

    def refusal(self, change: Change) -> str:
        """The cloud says it when the change is sent; that the values can be read is looked at before."""
        if isinstance(change.credentials, Credentials):
            check_source(change.credentials, change.credentials.namespace, self._cluster)
        return ""

    def risk(self, change: Change, asked: Risk, preview: Preview | None) -> Risk:
        """A cloud's, which is always asked; a deletion's."""
        return Risk.DELETE if change.verb == "delete" else Risk.CLOUD

    def place(self, change: Change) -> str:
        """The environment that the resource is tagged with: it is what decides."""
        told = (change.body.get("tags"), change.body.get(HOW), change.undo.get("tags"))
        return next((str(each["environment"]) for each in told if each and each.get("environment")), "")

    def labels(self, place: str) -> Mapping[str, str]:
        """The environment itself."""
        return {"environment": place}

    def is_current(self, change: Change) -> bool:
        """Whether it is there as it was; of what is to be made, nothing, or what this session has begun."""
        if change.target.namespace != self._cloud.account.place:
            return False
        live = self._live(change)
        if live is None:
            return not change.uid
        return live.version == change.version or self._is_begun(change, live)

    def preview(self, change: Change, plan: Plan, done: Collection[str]) -> Preview:
        """Compared with what is there: no cloud has a dry run of it."""
        live = self._live(change)
        if live is not None and not change.uid and not self._is_begun(change, live):
            refuse_others(live, change.target)
        before = live.spec if live is not None else {}
        if change.verb == "delete":
            return Preview(before, {}, self._diff(change, before, live), same=_is_gone(live))
        same = live is not None and not live.making and contains(before, change.body) and change.credentials is None
        return Preview(before, change.body, self._diff(change, before, live), same=same)

    def filled(self, change: Change) -> Json:
        """With the value that a secret is to have."""
        if not isinstance(change.credentials, Credentials):
            return change.body
        value = read_value(change.credentials, change.credentials.namespace, self._cluster)
        return {**change.body, HOW: {**change.body.get(HOW, {}), VALUE: value}}

    def send(self, change: Change, body: Json, token: str) -> Effect | Running:
        """Make what is not there, then what of it is lacking; each is looked at before."""
        live = self._live(change)
        if change.verb == "delete":
            return self._delete(change, live)
        if live is None:
            if change.uid:
                raise Stale
            operation = self._kind(change).create(change.target.name, body, token)
            live = self._live(change)
            if operation and (live is None or live.making):
                return Running(operation, POLL_S)
            if live is None:
                raise Conflict(f"{change.target} was made and cannot be seen yet")
            if not self._is_begun(change, live):
                raise Stale
        elif not (self._is_planned(change, live) or self._is_begun(change, live)):
            raise Stale
        return self._settled(change, body, live)

    def follow(self, change: Change, operation: str) -> Effect | Running:
        """Ask how far it is; what is there and settled gets what it still lacks."""
        if self._cloud.is_making(operation):
            return Running(operation, POLL_S)
        live = self._live(change)
        if change.verb == "delete":
            return Effect({}) if _is_gone(live) else Running(operation, POLL_S)
        if live is None:
            raise Invalid(f"{change.target} was being made, and is gone")
        return self._settled(change, change.body, live)

    def observe(self, change: Change, expected: Json) -> Effect | None:
        """Whether all that was wanted is so; of something new, only if this session made it."""
        live = self._live(change)
        if change.verb == "delete":
            return Effect({}) if _is_gone(live) else None
        if live is None or live.making or not contains(live.spec, change.body):
            return None
        return _effect(change, live) if change.uid or self._is_begun(change, live) else None

    def _kind(self, change: Change) -> Kind:
        return self._cloud.kind(f"{change.target.api_version}/{change.target.kind}")

    def _live(self, change: Change) -> Live | None:
        """Raises `ClusterSettingsError` in another account: what is not here says nothing of what is there."""
        here = self._cloud.account
        if change.target.namespace != here.place:
            raise ClusterSettingsError(
                f"{change.target} was planned there, and these credentials are of {here.place} ({here.identity}). "
                "Nothing was done here. Next: use the credentials and the region of then, and desk resume."
            )
        return self._kind(change).read(change.target.name)

    def _is_begun(self, change: Change, live: Live) -> bool:
        """Whether what is there is what this very change has begun to make: by the tags that no other gives it.

        What has no maker's tags is as good as made, by whomever.
        """
        if change.uid:
            return False
        tags = change.body.get("tags") or {}
        return contains(live.spec, {"tags": tags} if tags.get("session") else change.body)

    def _is_planned(self, change: Change, live: Live) -> bool:
        return live.uid == change.uid and live.version == change.version

    def _settled(self, change: Change, body: Json, live: Live) -> Effect | Running:
        if live.failed:
            raise Invalid(f"{change.target}: {live.failed}")
        if not live.making and not contains(live.spec, body):
            self._kind(change).settle(change.target.name, body, live)
            live = self._live(change) or live
            if not (live.making or contains(live.spec, body)):
                raise Conflict(f"{change.target} was given what it lacked, and is not so yet")
        if live.making:
            return Running(f"{live.making} {change.target.name}", POLL_S)
        return _effect(change, live)

    def _delete(self, change: Change, live: Live | None) -> Effect | Running:
        if live is None or _is_gone(live):
            return Effect({})
        if live.uid != change.uid:
            raise Stale
        if not live.making.startswith("deleting"):
            if live.version != change.version:
                raise Stale
            self._kind(change).delete(change.target.name, change.body)
        if _is_gone(self._live(change)):
            return Effect({})
        return Running(f"deleting {change.target.name}", POLL_S)

    def _diff(self, change: Change, before: Json, live: Live | None) -> str:
        here = self._cloud.account
        named = f"{change.target.kind}/{change.target.name}"
        lines = [f"# {self._system} account {here.id}, region {here.region}, as {here.identity}"]
        after = {} if change.verb == "delete" else {**before, **change.body}
        if change.verb == "delete":
            how = ", ".join(f"{key}: {value}" for key, value in change.body.items() if key != "tags")
            lines += [f"# deleted so: {how}", *([f"# it holds {live.holds}"] if live and live.holds else [])]
        elif live is None:
            lines += [f"# {each}" for each in self._kind(change).reasons]
        if isinstance(change.credentials, Credentials):
            after = {**after, HOW: {VALUE: f"from {change.credentials.source}, shown to nobody"}}
        sides = [as_yaml(side).splitlines() if side else [] for side in (before, after)]
        lines += difflib.unified_diff(sides[0], sides[1], f"{named} (live)", f"{named} (wanted)", lineterm="")
        return "\n".join(lines)


def _effect(change: Change, live: Live) -> Effect:
    return Effect(part_of(live.spec, change.body), "" if change.uid else live.uid, live.told)


def _is_gone(live: Live | None) -> bool:
    """Whether it is not there, or not but to be restored."""
    return live is None or bool(live.gone)


def is_undone(item: Json, cloud: Cloud) -> bool:
    """Whether a resource is as an undo would make it."""
    live = _of_item(item, cloud)
    match item["verb"]:
        case "delete":
            return _is_gone(live)
        case "create":
            return not _is_gone(live)
        case _:
            return (
                live is not None and contains(live.spec, item["patch"]) and not contains(live.spec, item["expects"])
            )


def undo_change(item: Json, cloud: Cloud) -> Change:
    """The change that undoes another; raises `ToolFailed` where it cannot be, or would lose data."""
    target = ObjectRef(**item["target"])
    system = item["system"]
    live = _of_item(item, cloud)
    if item["verb"] == "create" and live is not None and live.gone and live.uid == item["uid"]:
        return _change(system, target, {"deleted": "", "tags": {}}, "apply", live, None)
    if item["verb"] == "create":
        raise ToolFailed(f"{target} was deleted, and is not made again from the history. Order it anew.")
    if live is None or live.uid != item["uid"]:
        raise ToolFailed(f"{target} is not the one that was changed: it was deleted since. Nothing is undone.")
    if not contains(live.spec, item["expects"]):
        raise ToolFailed(f"{target} was changed since, and not by this: it is left as it is. Undo that first.")
    if item["verb"] == "delete":
        return _deletion(system, target, cloud, live)
    if item["patch"].get("deleted"):  # what was restored
        return _deletion(system, target, cloud, live)
    return _change(system, target, item["patch"], "apply", live, None)


def _deletion(system: str, target: ObjectRef, cloud: Cloud, live: Live) -> Change:
    """Such that nothing is lost; raises `ToolFailed` where there is no such way."""
    how = cloud.kind(f"{target.api_version}/{target.kind}").deletion(target.name, live)
    environment = {"environment": live.tags.get("environment", "")}
    return _change(system, target, {**how, "tags": environment}, "delete", live, None)


def _of_item(item: Json, cloud: Cloud) -> Live | None:
    target = ObjectRef(**item["target"])
    if target.namespace != cloud.account.place:
        raise ToolFailed(
            f"{target} is in another account or region than {cloud.account.place}, which these credentials are of. "
            "Nothing is undone. Next: use those of then."
        )
    return cloud.kind(f"{target.api_version}/{target.kind}").read(target.name)
