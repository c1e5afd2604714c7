"""What a changing tool gives: a plan of steps, each with its changes. It is data, and nothing of it is done yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from tools.cluster.resources import ObjectRef
from tools.json import Json
from tools.risk import Risk

Verb = Literal["patch", "create", "apply", "delete"]

KUBERNETES = "kubernetes"
"""The system of a change of a cluster's object."""
KUBECONFIGS = "kubeconfigs"
"""The system of a change of a kubeconfig, and of the token in it."""
FILES = "files"
"""The system of a change of a file."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Which credentials a pull secret holds, and where the password is: it says all but the password itself.

    The password is in the file; else under a key of an existing Secret; else on standard input. Without a registry
    it is no password but a whole docker config, of which the `auths` are taken.
    """

    registry: str
    username: str
    file: str = ""
    existing_secret: str = ""
    key: str = ""
    namespace: str = ""
    """Of the existing Secret; empty: it is beside the new one."""

    @property
    def source(self) -> str:
        """Where the password is, in words."""
        if self.file:
            return f"file {self.file}"
        where = f" in {self.namespace}" if self.namespace else ""
        secret = f"key {self.key} of Secret {self.existing_secret}{where}"
        return secret if self.existing_secret else "standard input"


@dataclass(frozen=True, slots=True)
class Password:
    """A password that nobody chooses or sees: it is made when its Secret is sent, under this key."""

    under: str


@dataclass(frozen=True, slots=True)
class CloudValue:
    """Values of a cloud that a Secret is to hold: read when it is sent.

    `entries` are (key of the Secret, key there). `kind` is the cloud's: a secret, a registry's login. An empty key
    there is the whole value.
    """

    system: str
    kind: str
    name: str
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Takeover:
    """A field that another manager has set, and to what: with the change it is ours. Values are as JSON."""

    manager: str
    field: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        return f"{self.field} is {self.theirs} by {self.manager}, and would be {self.ours}"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object of a system, and what undoes it.

    | verb | body | undo |
    |---|---|---|
    | patch | a patch: strategic for Kubernetes' built-in kinds, a merge patch for all others | the patch back |
    | create | the object | nothing: it is deleted |
    | apply | the fields that are to be so, and Desk's (server-side apply) | the patch back; nothing if it is new |
    | delete | nothing | the object to create again; empty when its controller does |

    `target` says which object, in the system's own words: for Kubernetes apiVersion, kind, namespace and name.
    `uid` and `resource_version` are those of the object the plan was made from. `version` is the digest of
    what people wrote of it (no status): it changes exactly when somebody changes the object. The three are
    empty for an object that is to be created.
    """

    target: ObjectRef
    resource: str
    """The kind's plural, as RBAC names it."""
    body: Json
    undo: Json
    uid: str
    resource_version: str
    version: str
    verb: Verb = "patch"
    credentials: Credentials | Password | CloudValue | None = None
    """What `body` lacks: read when the change is sent, and written nowhere but to the system."""
    system: str = KUBERNETES
    volatile: tuple[tuple[str, ...], ...] = ()
    """Paths in `body` whose values differ each time it is planned (a time): an approval is not bound to them."""
    takes_over: tuple[Takeover, ...] = ()
    """Fields that are taken from other managers: only after somebody approved it."""
    part: int = 0
    """Tells the changes of one target by one verb apart, where a plan has several: an undo of several patches."""
    may_appear: bool = False
    """Whether an apply is also for an object that somebody else has made since it was planned: the service account
    `default`, which the cluster makes in each new namespace."""
    effects: tuple[ObjectRef, ...] = ()
    """What a controller changes because of it, where that is not the target: it is judged by these alone."""
    is_effect: bool = False
    """Whether it is one of those, as it is judged: what a controller brings, and nobody has seen."""

    @property
    def id(self) -> str:
        """The same whenever this is planned again: system, verb and target, and which part."""
        return _id(self.system, self.verb, self.target, self.part)

    @property
    def bound_to(self) -> list[Any]:
        """What an approval of it is bound to: its body without what is volatile, and the version of its target."""
        body = self.body
        for path in self.volatile:
            body = _without(body, path)
        credentials = None if self.credentials is None else asdict(self.credentials)
        bound = [self.id, body, self.uid, self.version, credentials, [asdict(each) for each in self.takes_over]]
        return [*bound, [asdict(each) for each in self.effects]] if self.effects else bound

    @property
    def judged(self) -> tuple[Change, ...]:
        """What it is judged as: itself, or each of its effects, of which nobody knows the content."""
        unseen = (replace(self, target=each, body={}, undo={}, effects=(), is_effect=True) for each in self.effects)
        return tuple(unseen) or (self,)


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold after a step: a reading tool that says so, with its arguments."""

    tool: str
    arguments: Json


@dataclass(frozen=True, slots=True)
class File:
    """One file that a tool gives: its path below the folder, with slashes, its bytes, its mode (0o644 or 0o755)."""

    path: str
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Step:
    """One subtask: its changes become one change set and one commit.

    `files` go into the workspace: the agent makes changes of them before the plan is gated, and none are left then.
    """

    title: str
    changes: tuple[Change, ...]
    holds: tuple[Check, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What belongs to what was asked for and is not in the plan: why, and for whom it waits (empty: for nobody)."""

    title: str
    why: str
    waits_for: str = ""

    def __str__(self) -> str:
        return f"{self.title}: {self.why}" + (f"; it waits for {self.waits_for}" if self.waits_for else "")


@dataclass(frozen=True, slots=True)
class Left:
    """What a plan leaves undone, for it is another agent's: whose, what it is in words, what they would type."""

    owner: Literal["Atlas", "Flow", "Shield"]
    what: str
    command: str

    def __str__(self) -> str:
        return f"Left for {self.owner}: {self.what}. They would type: {self.command}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a changing tool would do: in one sentence, and step by step. Without changes, nothing is to be done.

    `subjects` is what a task must name for the plan to be what it orders; what is derived from them is named with
    them. Empty: the target of each change. `environments` tells the environment of each namespace that the plan
    makes. An undo is decided as what it takes back was: `risk` is then the class of that, in place of the tool's
    own, and `always_asked` its rule. `continues`: once it is done, the call is planned anew, on what came of it.
    Raises `ValueError` when two changes have one id.
    """

    summary: str
    steps: tuple[Step, ...]
    subjects: tuple[ObjectRef, ...] = ()
    environments: Mapping[str, str] = field(default_factory=dict)
    risk: Risk | None = None
    always_asked: bool = False
    left: Left | None = None
    continues: bool = False
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        ids = [change.id for change in self.changes]
        if twice := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"a plan has one change of a target by one verb, and this has more of: {twice}")

    @classmethod
    def of(cls, summary: str, *changes: Change) -> Plan:
        """A plan of one step."""
        return cls(summary, (Step(summary, changes),) if changes else ())

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of all steps, in their order."""
        return tuple(change for step in self.steps for change in step.changes)

    def digest(self, tool: str, accounts: Iterable[str] = ()) -> str:
        """SHA-256 of all that an approval is bound to; `accounts` say which cluster or account each system is."""
        bound = [tool, [[step.title, [change.bound_to for change in step.changes]] for step in self.steps]]
        text = json.dumps([*bound, dict(self.environments), sorted(accounts)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def id_of(journaled: Json) -> str:
    """The id of a change of which there is the JSON."""
    target = ObjectRef(**journaled["target"])
    return _id(
        journaled.get("system", KUBERNETES), journaled.get("verb", "patch"), target, journaled.get("part", 0)
    )


def _id(system: str, verb: str, target: ObjectRef, part: int) -> str:
    parts = (system, verb, target.api_version, target.kind, target.namespace or "", target.name)
    return " ".join(parts) + (f" {part}" if part else "")


def change_from(journaled: Json) -> Change:
    """The change of its JSON; raises `ValueError` (pydantic's) when it is not of its shape."""
    from pydantic import TypeAdapter

    change: Change = TypeAdapter(Change).validate_python(journaled)
    return change


def plan_from(journaled: Json) -> Plan:
    """The plan of its JSON; raises `ValueError` (pydantic's) when it is not of its shape."""
    from pydantic import TypeAdapter

    plan: Plan = TypeAdapter(Plan).validate_python(journaled)
    return plan


def _without(body: Any, path: tuple[str, ...]) -> Any:
    if not isinstance(body, dict) or path[0] not in body:
        return body
    rest = {key: value for key, value in body.items() if key != path[0]}
    return rest if len(path) == 1 else {**rest, path[0]: _without(body[path[0]], path[1:])}
