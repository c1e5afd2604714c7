"""The driver for a Kubernetes cluster: dry runs by the server, each effect bound to the version it was planned on.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ and server-side-apply/
"""

from __future__ import annotations

import difflib
import json
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tools.apimachinery.manifests import as_yaml
from tools.changes.build import reference, version, written
from tools.changes.credentials import filled, stood_in
from tools.changes.driver import Effect, Preview, Running, Stale
from tools.changes.guardrails import gives_up, loosened, risk_of
from tools.changes.patches import contains, difference, inverse
from tools.changes.plan import Change, Plan, Takeover
from tools.cloud.connect import no_clouds
from tools.cloud.resource import Cloud
from tools.cluster.client import FIELD_MANAGER, Access, Cluster
from tools.cluster.errors import Conflict, FieldConflict, Forbidden, NotFound
from tools.cluster.resources import ObjectRef
from tools.json import Json
from tools.risk import Risk

REQUESTS_AT_ONCE = 8
RETRY_S = 0.5
GOING_S = 20.0
"""How long an object that is being deleted may still be in the way of the one that replaces it."""

PROJECT_REQUEST = ("project.openshift.io/v1", "ProjectRequest")
"""What makes a namespace on OpenShift: the body of a change whose target is the Namespace."""
REQUESTER = "openshift.io/requester"
DISPLAY_NAME = "openshift.io/display-name"
_NAMESPACE = ObjectRef("v1", "Namespace", None, "")


class KubernetesDriver:
    """`Driver` of one cluster. `mask` takes the secrets out of an object before it is shown as text; `connect`
    gives the cloud that a Secret's values are in."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        mask: Callable[[Json], Json] = lambda value: value,
        sleep: Callable[[float], None] = time.sleep,
        username: str = "",
        connect: Callable[[str], Cloud] = no_clouds,
    ) -> None:
        self._cluster = cluster
        self._connect = connect
        self._mask = mask
        self._sleep = sleep
        self._username = username
        self._rules: dict[str, list[Json]] = {}
        self._reading_rules = threading.Lock()

    @property
    def account(self) -> str:
        """The cluster's fingerprint."""
        return self._cluster.fingerprint

    @property
    def at_once(self) -> int:
        """So many requests an API server takes from one client without queueing them."""
        return REQUESTS_AT_ONCE

    def refusal(self, change: Change) -> str:
        """Which right is missing: by the rules of the namespace where they say it all, else by access reviews."""
        for access in rights(change):
            if not (self._allowed(access) or self._cluster.may(access)):
                return f"{self._username or 'This identity'} may not {access}"
        return ""

    def _allowed(self, access: Access) -> bool:
        """Whether the rules that were read of the namespace allow it; False: they do not tell."""
        if not access.namespace:
            return False
        with self._reading_rules:
            if access.namespace not in self._rules:
                self._rules[access.namespace] = self._cluster.all_rules(access.namespace) or []
        return any(covers(rule, access) for rule in self._rules[access.namespace])

    def risk(self, change: Change, asked: Risk, preview: Preview | None) -> Risk:
        """By kind, scope and content."""
        if preview is None:
            return risk_of(change, asked, username=self._username)
        return risk_of(change, asked, preview.loosens, self._username, preview.before)

    def place(self, change: Change) -> str:
        """The namespace: the target's, or the one that the target is."""
        return namespace_of(change) or ""

    def labels(self, place: str) -> Mapping[str, str]:
        """The namespace's; one that is not there yet, or may not be read, has none."""
        try:
            return self._cluster.read(_named(_NAMESPACE, place))["metadata"].get("labels") or {}
        except (NotFound, Forbidden):
            return {}

    def is_current(self, change: Change) -> bool:
        """By uid and by what people wrote of it; what is to be created must not be there."""
        live = self._live(change)
        if live is None or change.may_appear:
            return not change.uid
        return change.verb != "create" and _is_as_planned(live, change)

    def preview(self, change: Change, plan: Plan, done: Collection[str]) -> Preview:
        """By the API server's dry run; in a namespace that the plan makes, not before that is there.

        A ProjectRequest is not dry-run: OpenShift's server does not heed `dryRun` there, and makes the project.
        Source: openshift/openshift-apiserver, pkg/project/apiserver/registry/projectrequest/delegated/delegated.go
        """
        earlier = _before(change, plan)
        if asks_for_project(change) or any(
            _makes_namespace_of(each, change) and each.id not in done for each in earlier
        ):
            return self._unseen(change)
        if change.verb == "apply":
            return self._preview_apply(change)
        replaces = any(each.verb == "delete" and each.target == change.target for each in earlier)
        before = {} if change.verb == "create" else written(self._cluster.read(change.target))
        after = self._dry_run_beside(change) if replaces else self._dry_run(change)
        return self._seen(change, before, after)

    def filled(self, change: Change) -> Json:
        """With the password of a pull secret, or the values of a cloud."""
        return filled(change, self._cluster, self._connect)

    def send(self, change: Change, body: Json, token: str) -> Effect | Running:
        """Make the change with the live resourceVersion as its precondition; a cluster takes no token."""
        if change.verb == "create":
            return _effect(change, self._create(change, body))
        try:
            if change.verb == "apply":
                return _effect(change, self._apply(change, body))
            live = self._as_planned(change)
            resource_version = live["metadata"]["resourceVersion"]
            if change.verb == "delete":
                self._cluster.delete(change.target, uid=change.uid, resource_version=resource_version)
                return Effect({})
            return _effect(change, self._cluster.patch(change.target, _bound(body, resource_version)))
        except NotFound as error:
            raise Stale from error

    def follow(self, change: Change, operation: str) -> Effect | Running:
        """A cluster answers a request when it is done."""
        raise LookupError(f"a cluster has no operation {operation} of {change.target}")

    def observe(self, change: Change, expected: Json) -> Effect | None:
        """Read the object: by its uid, its managers and its values."""
        live = self._live(change)
        if live is None:
            return Effect({}) if change.verb == "delete" else None
        metadata = live["metadata"]
        match change.verb:
            case "delete":
                gone = metadata.get("uid") != change.uid or "deletionTimestamp" in metadata
                return Effect({}) if gone else None
            case "create":
                is_there = self._is_requested(change, live) or (
                    _is_ours(live) and contains(change.target, live, expected)
                )
            case "apply":
                is_there = _is_ours(live, "Apply") and contains(change.target, live, expected)
                is_there = is_there and metadata.get("resourceVersion") != change.resource_version
            case "patch":
                untouched = metadata.get("resourceVersion") == change.resource_version
                same = not untouched and metadata.get("uid") == change.uid
                is_there = same and contains(change.target, live, expected)
        return _effect(change, live) if is_there else None

    def _live(self, change: Change) -> Json | None:
        try:
            return self._cluster.read(change.target)
        except NotFound:
            return None
        except Forbidden:
            # Who asks for a project may not look whether it is there; who gave up their own role cannot any more.
            if asks_for_project(change) or gives_up(change, self._username):
                return None
            raise

    def _is_requested(self, change: Change, live: Json) -> bool:
        """Whether this is the project that the change asks for: made for us, under this display name."""
        annotations = live["metadata"].get("annotations") or {}
        told = (annotations.get(REQUESTER), annotations.get(DISPLAY_NAME))
        return asks_for_project(change) and told == (self._username, change.body.get("displayName"))

    def _unseen(self, change: Change) -> Preview:
        """As far as it can be told without the server: what is to be made, as it is written."""
        diff = self._diff(change, {}, change.body)
        return Preview({}, inverse(change.target, change.body, change.body), diff, unseen=True)

    def _seen(self, change: Change, before: Json, after: Json, *taken: Takeover) -> Preview:
        # What an apply leaves out, and Desk had applied before, goes: only the dry run tells.
        applies_over = change.verb == "apply" and before
        return Preview(
            before,
            inverse(change.target, change.body, after),
            self._diff(change, before, after),
            same=before == after,
            takes_over=taken,
            undo=difference(change.target, after, before) if applies_over else None,
            loosens=loosened(before, after),
        )

    def _preview_apply(self, change: Change) -> Preview:
        live = self._live(change)
        before = {} if live is None else written(live)
        try:
            return self._seen(
                change, before, written(self._cluster.apply(change.target, change.body, dry_run=True))
            )
        except FieldConflict as conflict:
            after = written(self._cluster.apply(change.target, change.body, force=True, dry_run=True))
            return self._seen(change, before, after, *_takeovers(conflict, before, change.body))

    def _dry_run(self, change: Change) -> Json:
        """What the API server says would be there afterwards; empty when it would be gone."""
        cluster, target = self._cluster, change.target
        match change.verb:
            case "create":
                return written(cluster.create(target, stood_in(change), dry_run=True))
            case "delete":
                # A crashing workload's resourceVersion moves with its status: that of the plan may be old by now.
                now = cluster.read(target)["metadata"]
                cluster.delete(target, uid=change.uid, resource_version=now["resourceVersion"], dry_run=True)
                return {}
            case _:
                return written(cluster.patch(target, change.body, dry_run=True))

    def _dry_run_beside(self, change: Change) -> Json:
        """What would be created once the object that has the name now is deleted: under a name of the server's."""
        named = change.body["metadata"]
        nameless = {key: value for key, value in named.items() if key != "name"} | {"generateName": "desk-"}
        body = {**stood_in(change), "metadata": nameless}
        after = written(self._cluster.create(change.target, body, dry_run=True))
        metadata = {key: value for key, value in after["metadata"].items() if key != "generateName"}
        return {**after, "metadata": {**metadata, "name": named["name"]}}

    def _diff(self, change: Change, before: Json, after: Json) -> str:
        name = f"{change.target.kind}/{change.target.name}"
        sides = [as_yaml(self._mask(side)).splitlines() if side else [] for side in (before, after)]
        lines = difflib.unified_diff(sides[0], sides[1], f"{name} (live)", f"{name} (wanted)", lineterm="")
        return "\n".join(lines)

    def _as_planned(self, change: Change) -> Json:
        live = self._cluster.read(change.target)
        if not _is_as_planned(live, change):
            raise Stale
        return live

    def _apply(self, change: Change, body: Json) -> Json:
        live = self._live(change)
        as_planned = not change.uid if live is None else _is_as_planned(live, change)
        if not (as_planned or change.may_appear):
            raise Stale
        bound = body if live is None else _bound(body, live["metadata"]["resourceVersion"])
        return self._cluster.apply(change.target, bound, force=bool(change.takes_over))

    def _create(self, change: Change, body: Json) -> Json:
        deadline = time.monotonic() + GOING_S
        while True:
            try:
                return self._cluster.create(_made_by(change), body)
            except Conflict as error:  # there is one of this name; what is on its way out is waited for
                if time.monotonic() >= deadline or not self._is_going(change):
                    raise self._in_the_way(change) from error
                self._sleep(RETRY_S)

    def _is_going(self, change: Change) -> bool:
        live = self._live(change)
        return not asks_for_project(change) if live is None else "deletionTimestamp" in live["metadata"]

    def _in_the_way(self, change: Change) -> Exception:
        """What to say of an object that has the name already."""
        if not asks_for_project(change) or self._live(change) is not None:
            return Stale()
        return Forbidden(
            f"There is a project {change.target.name} already, or one that is being deleted, and "
            f"{self._username or 'this identity'} may not see it: take another name, or ask who administers it"
        )


def asks_for_project(change: Change) -> bool:
    """Whether a change makes a namespace by a ProjectRequest, as OpenShift wants it."""
    return (change.body.get("apiVersion"), change.body.get("kind")) == PROJECT_REQUEST


def _made_by(change: Change) -> ObjectRef:
    """What is posted to create the target: the target itself, but for a project."""
    return reference(change.body) if asks_for_project(change) else change.target


def rights(change: Change) -> tuple[Access, ...]:
    """The rights that a change needs. RBAC knows no names for `create`: the object is not there yet."""
    target = change.target
    group = _made_by(change).api_version.rpartition("/")[0]
    new = Access("create", group, change.resource, target.namespace)
    if change.verb == "create":
        return (new,)
    verb = "patch" if change.verb == "apply" else change.verb
    # A role of a namespace may be about the Namespace itself: the API server takes its name for its namespace, too.
    there = Access(verb, group, change.resource, namespace_of(change), target.name)
    return (there, new) if change.verb == "apply" and not change.uid else (there,)


def covers(rule: Json, access: Access) -> bool:
    """Whether an RBAC rule allows it. Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/"""
    names = rule.get("resourceNames") or ()
    resource = f"{access.resource}/{access.subresource}" if access.subresource else access.resource
    return (
        not {access.verb, "*"}.isdisjoint(rule.get("verbs") or ())
        and not {access.group, "*"}.isdisjoint(rule.get("apiGroups") or ())
        and not {resource, "*"}.isdisjoint(rule.get("resources") or ())
        and (not names or access.name in names)
    )


def namespace_of(change: Change) -> str | None:
    """The namespace whose environment decides: the target's, or the one that the target is."""
    target = change.target
    return target.name if (target.api_version, target.kind) == ("v1", "Namespace") else target.namespace


def _makes_namespace_of(maker: Change, change: Change) -> bool:
    is_new = maker.verb in ("create", "apply") and not maker.uid
    return is_new and maker.target.namespace is None and namespace_of(maker) == namespace_of(change)


def _before(change: Change, plan: Plan) -> tuple[Change, ...]:
    ids = [each.id for each in plan.changes]
    return plan.changes[: ids.index(change.id)]


def _named(kind: ObjectRef, name: str) -> ObjectRef:
    return ObjectRef(kind.api_version, kind.kind, kind.namespace, name)


def _is_as_planned(live: Json, change: Change) -> bool:
    return bool(live["metadata"].get("uid", "") == change.uid and version(live) == change.version)


def _is_ours(live: Json, operation: str = "") -> bool:
    """Whether it was Desk that wrote the object, in this way."""
    return any(
        entry.get("manager") == FIELD_MANAGER and operation in ("", entry.get("operation"))
        for entry in live["metadata"].get("managedFields") or ()
    )


def _bound(body: Json, resource_version: str) -> Json:
    return {**body, "metadata": {**body.get("metadata", {}), "resourceVersion": resource_version}}


def _effect(change: Change, after: Json) -> Effect:
    if asks_for_project(change):
        annotations = after["metadata"].get("annotations") or {}
        return Effect({"metadata": {"annotations": annotations}}, after["metadata"].get("uid", ""))
    uid = after["metadata"].get("uid", "") if not change.uid else ""
    return Effect(inverse(change.target, change.body, after), uid)


def _takeovers(conflict: FieldConflict, before: Json, body: Json) -> tuple[Takeover, ...]:
    return tuple(
        Takeover(manager, field.lstrip("."), _value(before, field), _value(body, field))
        for manager, field in conflict.fields
    )


def _value(live: Any, path: str) -> str:
    """The value at a path as the API server writes one: `.spec.containers[name="web"].image`; as JSON.

    Names are not quoted there, and may hold dots: `.spec.hard.requests.cpu`.
    """
    if not path:
        return "unset" if live is None else json.dumps(live)
    if path.startswith("["):
        keys, _, rest = path[1:].partition("]")
        return _value(_element(live, keys), rest)
    fields = sorted(live, key=len, reverse=True) if isinstance(live, dict) else []
    name = next((each for each in fields if re.match(rf"\.{re.escape(each)}(?=[.\[]|$)", path)), None)
    return "unset" if name is None else _value(live[name], path[len(name) + 1 :])


def _element(live: Any, keys: str) -> Any:
    wanted = dict(re.findall(r'(\w+)="?([^",]*)"?', keys))
    items = live if isinstance(live, list) else []
    maps = (item for item in items if isinstance(item, dict))
    return next((item for item in maps if all(str(item.get(key)) == value for key, value in wanted.items())), None)
