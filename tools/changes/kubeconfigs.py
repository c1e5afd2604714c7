"""The driver for kubeconfigs: a token is issued in the moment in which it is written into its file, with 0600.

| verb | what it does |
|---|---|
| apply | makes a Secret, has a token issued that is bound to it, writes it into the file |
| patch | the same in place of the token that is there: it is revoked |
| delete | deletes the Secret, by which the token is revoked, and takes the context out of the file |

Who deletes the Secret revokes the token: it answers 401 within seconds. The Secret is made anew for each token, so
that no token lives on which nobody has: not that of a process that was killed before it wrote the file, and not one
that did not fit on the disk.

The token is in no body, no journal, no commit: a plan says the account, the folder and for how many days.
Source: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tools.changes.driver import Effect, Preview, Running, Stale
from tools.changes.folder import Folder, Found
from tools.changes.kubeconfig_file import Claims, Context, claims_in, parsed, text, with_context, without_context
from tools.changes.plan import KUBECONFIGS, Change, Plan, Verb
from tools.cluster.client import FIELD_MANAGER, Access, Cluster
from tools.cluster.errors import ClusterError, Conflict, NotFound
from tools.cluster.resources import ObjectRef
from tools.errors import ToolFailed
from tools.json import Json
from tools.risk import Risk

MOST_DAYS = 30
"""A cluster may shorten a token's life without a word; no cluster has to."""
DAY_S = 86_400
FILE = "desk.dev/kubeconfig"
"""Annotation of the Secret: where the file was written."""
MANAGED = {"managed-by": FIELD_MANAGER}


def kubeconfig_change(namespace: str, account: str, file: Path, verb: Verb, *, uid: str = "") -> Change:
    """The change of one context of a file; `uid` is that of the Secret whose token a rotation replaces."""
    target = ObjectRef("", "Kubeconfig", namespace, str(file))
    body: Json = {"account": account, "days": MOST_DAYS}
    return Change(target, KUBECONFIGS, body, {}, uid, "", "", verb, system=KUBECONFIGS)


class KubeconfigDriver:
    """`Driver` of kubeconfigs of one cluster. `now`: seconds since 1970."""

    at_once = 1
    """Contexts of one file are looked at one after the other."""

    def __init__(self, cluster: Cluster, *, username: str = "", now: Callable[[], float] = time.time) -> None:
        self._cluster = cluster
        self._username = username
        self._now = now

    @property
    def account(self) -> str:
        """The cluster's fingerprint."""
        return self._cluster.fingerprint

    def refusal(self, change: Change) -> str:
        """Which right is missing, by SelfSubjectAccessReview."""
        namespace = change.target.namespace
        needed = [Access(verb, "", "secrets", namespace) for verb in ("get", "delete")]
        if change.verb != "delete":
            needed += [
                Access("create", "", "secrets", namespace),
                Access("create", "", "serviceaccounts", namespace, change.body["account"], "token"),
            ]
        missing = next((access for access in needed if not self._cluster.may(access)), None)
        return f"{self._username or 'This identity'} may not {missing}" if missing else ""

    def risk(self, change: Change, asked: Risk, preview: Preview | None) -> Risk:
        """A secret's."""
        return Risk.DELETE if change.verb == "delete" else Risk.SECRET

    def place(self, change: Change) -> str:
        """The namespace."""
        return change.target.namespace or ""

    def labels(self, place: str) -> Mapping[str, str]:
        """The namespace's; those of a namespace that is not there yet are none."""
        try:
            return self._cluster.read(ObjectRef("v1", "Namespace", None, place))["metadata"].get("labels") or {}
        except NotFound:
            return {}

    def is_current(self, change: Change) -> bool:
        """Always: whatever token was issued for this context before is replaced, as the preview says."""
        return True

    def preview(self, change: Change, plan: Plan, done: Collection[str]) -> Preview:
        """Look at file and Secret. Raises `ToolFailed` where the file is somebody else's, or cannot be written.

        What is to be revoked is revoked all the same: its file may be on another machine.
        """
        secret = self._secret(change)
        if change.verb == "delete":
            same = secret is None and self._written(change) is None
        else:
            file = _File(change)
            file.folder.check_writable(file.name)
            file.document()
            same = change.verb == "apply" and self._held(change) is not None
        return Preview({}, change.body, _diff(change, secret), same=same)

    def filled(self, change: Change) -> Json:
        """There is nothing to be filled in: the token is issued when the change is sent."""
        return change.body

    def send(self, change: Change, body: Json, token: str) -> Effect | Running:
        """Issue and write, or revoke and take out. What cannot be written is revoked."""
        if change.verb == "delete":
            return self._revoke(change)
        account = self._cluster.get("ServiceAccount", body["account"], change.target.namespace)
        secret = self._new_secret(change, account)
        try:
            asked_s = min(int(body["days"]), MOST_DAYS) * DAY_S
            issued = self._cluster.issue_token(account, secret, expires_after_s=asked_s)
            self._write(change, str(issued["token"]))
        except (ToolFailed, ClusterError, Stale) as error:
            self._delete(secret)
            if isinstance(error, Stale):
                raise Conflict(f"{change.target} was changed meanwhile") from error
            raise
        return _effect(change, secret, str(issued["expirationTimestamp"]))

    def follow(self, change: Change, operation: str) -> Effect | Running:
        """A token is issued when it is issued."""
        raise LookupError(f"there is no operation {operation} on {change.target}")

    def observe(self, change: Change, expected: Json) -> Effect | None:
        """Whether the file holds a token that is bound to the Secret as it is now; a rotated one, to a new one."""
        if change.verb == "delete":
            left = self._secret(change) is not None or self._written(change) is not None
            return None if left else Effect({"account": change.body["account"]})
        held = self._held(change)
        if held is None or held.secret_uid == change.uid:
            return None
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(held.expires_at))
        return _effect(change, {"metadata": {"uid": held.secret_uid}}, expires)

    def _context(self, change: Change) -> Context:
        namespace, account = change.target.namespace or "", change.body["account"]
        return Context(namespace, account, self._cluster.address, self._cluster.authority)

    def _held(self, change: Change) -> Claims | None:
        """The token that the file holds, if the API server takes it: its Secret and account are those of now."""
        document, secret = _File(change).document(), self._secret(change)
        said = None if document is None else claims_in(document, self._context(change))
        if said is None or secret is None or said.expires_at <= self._now():
            return None
        try:
            account = self._cluster.get("ServiceAccount", change.body["account"], change.target.namespace)
        except NotFound:
            return None
        live = (account["metadata"]["uid"], secret["metadata"]["uid"])
        return said if (said.account_uid, said.secret_uid) == live else None

    def _secret(self, change: Change) -> Json | None:
        """The Secret that tokens of this context are bound to. Raises `ToolFailed` for somebody else's."""
        name, namespace = change.body["account"], change.target.namespace
        try:
            secret = self._cluster.get("Secret", name, namespace)
        except NotFound:
            return None
        if not MANAGED.items() <= (secret["metadata"].get("labels") or {}).items():
            raise ToolFailed(f"Secret {name} in {namespace} is not Desk's: rename or delete it first.")
        return secret

    def _new_secret(self, change: Change, account: Json) -> Json:
        if (before := self._secret(change)) is not None:
            self._delete(before)
        owner = {"apiVersion": "v1", "kind": "ServiceAccount", **_named(account)}
        metadata: Json = {
            "name": change.body["account"], "namespace": change.target.namespace, "labels": MANAGED,
            "annotations": {FILE: change.target.name}, "ownerReferences": [owner],
        }  # fmt: skip
        body: Json = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}
        return self._cluster.create(_of_secret(metadata), body)

    def _delete(self, secret: Json) -> None:
        metadata = secret["metadata"]
        uid, version = metadata["uid"], metadata["resourceVersion"]
        try:
            self._cluster.delete(_of_secret(metadata), uid=uid, resource_version=version)
        except NotFound:
            return

    def _write(self, change: Change, token: str) -> None:
        file = _File(change)
        document = with_context(file.document(), self._context(change), token, change.target.name)
        file.write(text(document))

    def _revoke(self, change: Change) -> Effect:
        if (secret := self._secret(change)) is not None:
            self._delete(secret)
        if (written := self._written(change)) is not None:
            file, document = written
            left = without_context(document, self._context(change))
            file.write(None if left is None else text(left))
        told = f"kubeconfig {change.target.name}, context {change.target.namespace}: revoked"
        return Effect({"account": change.body["account"]}, told=told)

    def _written(self, change: Change) -> tuple[_File, Json] | None:
        """The file, where it is here, can be written, and has the context."""
        try:
            file = _File(change)
            file.folder.check_writable(file.name)
            document = file.document()
        except ToolFailed:
            return None
        held = document is not None and claims_in(document, self._context(change)) is not None
        return (file, document) if document is not None and held else None


class _File:
    """The file of a change, as it is when it is first looked at."""

    def __init__(self, change: Change) -> None:
        path = Path(change.target.name)
        self.folder, self.name, self._path = Folder(path.parent), path.name, path
        self._found: Found | None = self.folder.read(self.name)

    def document(self) -> Json | None:
        """Raises `ToolFailed` where it is not of Desk's writing."""
        return None if self._found is None else parsed(self._found.content, str(self._path))

    def write(self, content: bytes | None) -> None:
        """Readable by its owner alone; None removes it. Raises `Stale` when it has changed since."""
        version = self._found.version if self._found else ""
        if content is None:
            return self.folder.remove(self.name, version)
        beside = hashlib.sha256(str(self._path).encode()).hexdigest()
        self.folder.write(self.name, content, 0o600, version, beside, exact=True)
        return None


def _of_secret(metadata: Json) -> ObjectRef:
    return ObjectRef("v1", "Secret", metadata["namespace"], metadata["name"])


def _named(live: Json) -> Json:
    return {"name": live["metadata"]["name"], "uid": live["metadata"]["uid"]}


def _effect(change: Change, secret: Json, expires: str) -> Effect:
    told = f"kubeconfig {change.target.name}, context {change.target.namespace}: valid until {expires}"
    after = {"account": change.body["account"], "expires": expires}
    return Effect(after, secret["metadata"]["uid"], told)


def _diff(change: Change, secret: Json | None) -> str:
    path, namespace, account = change.target.name, change.target.namespace, change.body["account"]
    if change.verb == "delete":
        return f"--- {path}\n-context {namespace}: the token of {account} is revoked"
    lines = [f"+++ {path}", f"+context {namespace}: a token of {account}, for {change.body['days']} days at most"]
    if secret is not None:
        made = secret["metadata"].get("creationTimestamp")
        lines.insert(1, f"-the token of {made} is revoked: whoever has it gets 401")
    return "\n".join(lines)


def is_undone(item: Json, cluster: Cluster) -> bool:
    """Whether what an undo would revoke is gone; a token that was revoked never comes back."""
    if item["verb"] == "create":
        return True
    try:
        secret = cluster.get("Secret", item["expects"]["account"], item["target"]["namespace"])
    except NotFound:
        return not Path(item["target"]["name"]).exists()
    return bool(secret["metadata"]["uid"] != item["uid"])


def undo_change(item: Json) -> Change:
    """The change that undoes an issued token; raises `ToolFailed` for a rotated one."""
    target = ObjectRef(**item["target"])
    if item["verb"] == "patch":
        raise ToolFailed(
            f"{target} was rotated: the token before is revoked for good. "
            "`desk rotate-kubeconfig` gives another one."
        )
    return kubeconfig_change(target.namespace or "", item["expects"]["account"], Path(target.name), "delete")
