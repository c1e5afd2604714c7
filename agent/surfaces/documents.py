"""The JSON documents that Desk prints. Each is a type; what is printed and its schema are both made of it.

A document's version is in its name; within a version fields are only added. `session_documents` fills those that
are made of a session or an approval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from msgspec import Meta, Struct, field

from agent.gate.policy import Priority
from agent.journal.events import Outcome
from agent.journal.summary import SessionLine
from tools.changes.plan import Verb
from tools.diagnose.report import Looked, Report, ReportedFinding
from tools.json import Json
from tools.platform_docs.staleness import Comparison, WrittenFact
from tools.topics import Topic

if TYPE_CHECKING:
    from tools.diagnose.rule import Cause

ApprovalStatus = Literal["pending", "approved", "rejected", "expired", "superseded", "used"]
NextAction = Annotated[str, Meta(description="What to do or to type next; empty when there is nothing.")]
Namespaces = Annotated[list[str], Meta(description="Where it acted or looked, in order; empty: in no namespace.")]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something inside a document."""


class Document(Part, frozen=True, kw_only=True, tag_field="schema"):
    """One printed document; its tag is its name and version."""


class Subtask(Part, frozen=True, kw_only=True):
    """One finished subtask. `commit` is empty until git has it."""

    subtask: str
    title: str
    target: str
    namespaces: Namespaces
    approved_by: str
    commit: str


class ToolOutcome(Part, frozen=True, kw_only=True):
    """One call's answer. `error` is empty, `arguments`, `failed`, `denied` or `stopped`."""

    tool: str
    ok: bool
    error: str
    text: str
    data: Json | None


class Usage(Part, frozen=True, kw_only=True):
    """What a session took: tokens, as the Messages API counts them; `cost_usd` None when nobody knows the price."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    cost_usd: float | None


class Reading(Part, frozen=True, kw_only=True):
    """What an unclear task may mean, and what to type for it."""

    words: str
    command: str


class Session(Document, frozen=True, kw_only=True, tag="desk.session/v1"):
    """One session: `desk run`, `call`, `resume`, `rollback`, `cancel` and `show` with `-o json`."""

    session: str
    follows: Annotated[str | None, Meta(description="In a conversation, the session before; null for any other.")]
    task: str
    namespace: Annotated[str, Meta(description="The namespace that is meant where the task says none.")]
    namespaces: Namespaces
    requester: str
    model: str
    sandbox: bool
    started_at: str
    status: Literal["running", "killed", "paused"] | Outcome
    exit_code: int | None
    summary: str
    next_action: NextAction
    readings: list[Reading]
    turns: int
    usage: Usage
    approval: str | None
    subtasks: list[Subtask]
    incidents: list[str]
    results: list[ToolOutcome]


class Request(Document, frozen=True, kw_only=True, tag="desk.request/v1"):
    """One task that a program has asked for, or a session that a person has begun: the API of `desk serve`."""

    id: Annotated[str, Meta(description="The id of its first session: what its paths have.")]
    session_key: Annotated[str, Meta(description="Empty: it was begun without one.")]
    task: str
    requester: Annotated[str, Meta(description="Who asked. The session acts as they do.")]
    status: Literal["queued", "running", "killed", "paused"] | Outcome
    exit_code: Annotated[int | None, Meta(description="Of the last process that ended; null: none has yet.")]
    error: Annotated[str, Meta(description="Why no session could be begun, or gone on with; empty otherwise.")]
    deadline: Annotated[str, Meta(description="What is not over by then is cancelled. Empty: no such time.")]
    callback: Annotated[str, Meta(description="What is told when a process of it ends. Empty: nobody.")]
    sessions: Annotated[list[str], Meta(description="The sessions of the task; each follows the one before it.")]
    session: Annotated[Session | None, Meta(description="The newest of them; null: none has begun.")]


class Callback(Document, frozen=True, kw_only=True, tag="desk.callback/v1"):
    """What is sent to a callback. `id` is the same whenever the same thing is told."""

    id: str
    request: Annotated[str, Meta(description="The id of the request.")]
    session_key: str
    session: Annotated[str, Meta(description="The session that ended, or paused; empty: none could be begun.")]
    status: str
    exit_code: int
    approval: Annotated[str, Meta(description="What it waits for; empty: for nothing.")]


class Target(Part, frozen=True, kw_only=True):
    """An object, or a file, that a change is for, with the version it was planned on."""

    api_version: str
    kind: str
    namespace: str | None
    name: str
    resource: str
    uid: str
    resource_version: str
    version: str
    verb: Verb = "patch"
    system: str = "kubernetes"


class Approval(Part, frozen=True, kw_only=True):
    """One durable row."""

    id: str
    session: str
    status: ApprovalStatus
    summary: str
    tool: str
    arguments: Json
    targets: list[Target]
    digest: str
    risk: str
    environment: str
    priority: Priority
    requester: str
    asked_at: str
    deadline: str
    approver: str
    reason: Annotated[str, Meta(description="What the approver said.")]
    why: Annotated[str, Meta(description="Why the gate asks.")]
    used_by: Annotated[str, Meta(description="As whom the session made the change; empty while nobody did.")]
    used_at: str
    commits: Annotated[list[str], Meta(description="The commits that hold the change.")]
    diff: str


class Approvals(Document, frozen=True, kw_only=True, tag="desk.approvals/v1"):
    """`desk approvals list -o json`, `desk approvals show -o json`."""

    approvals: list[Approval]


class Decision(Document, frozen=True, kw_only=True, tag="desk.decision/v1"):
    """`desk approvals approve -o json`, `desk approvals reject -o json`."""

    approval: Approval
    next_action: NextAction


class Sessions(Document, frozen=True, kw_only=True, tag="desk.sessions/v1"):
    """`desk sessions -o json`."""

    sessions: list[SessionLine]


class Status(Document, frozen=True, kw_only=True, tag="desk.status/v1"):
    """`desk status -o json`."""

    workspace: str
    sessions: int
    open: list[SessionLine]
    approvals_waiting: list[str]
    last: SessionLine | None


class Counts(Part, frozen=True, kw_only=True):
    """How many findings of each severity."""

    error: int
    warning: int
    info: int


class Diagnosis(Looked, frozen=True, kw_only=True, tag_field="schema", tag="desk.diagnosis/v1"):
    """The first line of `desk debug-pod -o jsonl`; with --watch, of each look."""

    at: Annotated[str, Meta(description="When it was looked at, ISO 8601.")]
    counts: Counts


class FindingLine(ReportedFinding, frozen=True, kw_only=True, tag_field="schema", tag="desk.finding/v1"):
    """Each further line of `desk debug-pod -o jsonl`."""


class Provisioned(Part, frozen=True, kw_only=True):
    """One object of a namespace. What is planned and not done, or not yet, is skipped."""

    object: Annotated[str, Meta(description="Kind/name.")]
    planned: Literal["created", "changed", "unchanged", "deleted"]
    result: Literal["created", "changed", "unchanged", "deleted", "skipped"]


class Drift(Part, frozen=True, kw_only=True):
    """What of a namespace is not as it was provisioned. `by` and `at` are empty when nobody tells."""

    object: str
    what: str
    by: str
    at: str


class Left(Part, frozen=True, kw_only=True):
    """What is another agent's to do: whose, what, and the command they would type."""

    owner: Literal["Atlas", "Flow", "Shield"]
    what: str
    command: str


class Provisioning(Document, frozen=True, kw_only=True, tag="desk.provisioning/v1"):
    """`desk provision-namespace NAMESPACE -o json`, and of `deprovision-namespace`. `exit_code` None: not over."""

    operation: Literal["provision_namespace", "check_namespace", "deprovision_namespace"]
    namespace: str
    environment: Annotated[str, Meta(description="Empty when it was only checked.")]
    session: str
    success: bool
    exit_code: int | None
    summary: str
    approval: str | None
    resources: list[Provisioned]
    quota: dict[str, str]
    drift: list[Drift]
    warnings: Annotated[list[str], Meta(description="What is as provisioned, and will lead to trouble: rollouts.")]
    errors: list[str]
    left: Annotated[Left | None, Meta(description="What was not made because this identity may not make it.")]


class WrittenFile(Part, frozen=True, kw_only=True):
    """A file: its path below the folder, and its text. A manifest's begins with `---`."""

    path: str
    text: str


class Excepted(Part, frozen=True, kw_only=True):
    """What a judge of manifests demands of an object (KIND/NAME) and it cannot have, with the reason."""

    object: str
    demand: str
    why: str


class Manifests(Document, frozen=True, kw_only=True, tag="desk.manifests/v1"):
    """`desk generate-manifest -o json`, where the manifests are printed."""

    app: str
    namespace: str
    files: list[WrittenFile]
    assumed: Annotated[list[str], Meta(description="What nobody said, and no cluster told: a sentence each.")]
    lacking: Annotated[list[str], Meta(description="What the namespace lacks for it: a sentence each.")]
    excepted: list[Excepted]


class Placed(Provisioned, frozen=True, kw_only=True):
    """One object of a team, in a namespace or in a folder; empty: the object is in none."""

    namespace: str


class Checked(Part, frozen=True, kw_only=True):
    """One item of a team's checklist. What waits says for whom; what is skipped or waits says why."""

    title: str
    state: Literal["done", "unchanged", "not done", "skipped", "waits"]
    why: str
    waits_for: str


class Onboarding(Document, frozen=True, kw_only=True, tag="desk.onboarding/v1"):
    """`desk onboard-team TEAM -o json`. `exit_code` None: not over."""

    operation: Literal["onboard_team", "offboard_member", "rotate_kubeconfig"]
    team: str
    namespaces: list[str]
    session: str
    success: bool
    exit_code: int | None
    summary: str
    approval: str | None
    checklist: list[Checked]
    resources: list[Placed]
    errors: list[str]
    message: Annotated[Json | None, Meta(description="For the team's channel, as Slack's blocks; null: none.")]


class ScaffoldFiles(Document, frozen=True, kw_only=True, tag="desk.scaffold/v1"):
    """`desk template-app APP --output-dir - -o json`."""

    app: str
    files: list[WrittenFile]


class PlatformPage(Document, frozen=True, kw_only=True, tag="desk.docs/v1"):
    """`desk docs [TOPIC] -o json`: a page, and all facts that the pages are filled with."""

    topic: Annotated[Topic | None, Meta(description="None: the page that leads to the others.")]
    title: str
    cluster: str
    namespace: str
    team: Annotated[str, Meta(description="Empty where nothing says whose the namespace is.")]
    user: Annotated[str, Meta(description="Who read the facts.")]
    as_of: str
    markdown: str
    facts: list[WrittenFact]


class PlatformDocsCheck(Comparison, Document, frozen=True, kw_only=True, tag="desk.docs-check/v1"):
    """`desk docs --check --site DIR -o json`."""

    site: str
    namespace: str
    written_as_of: str
    checked_at: str
    current: Annotated[bool, Meta(description="No fact of the pages is stale.")]


class Lesson(Document, frozen=True, kw_only=True, tag="desk.lesson/v1"):
    """`desk debug-pod --explain CAUSE -o json`."""

    cause: str
    means: str
    why: str
    mend: str
    example: str
    source: str

    @classmethod
    def of(cls, cause: Cause) -> Self:
        """What a cause teaches."""
        return cls(
            cause=str(cause),
            means=cause.means,
            why=cause.why,
            mend=cause.mend,
            example=cause.example,
            source=cause.source,
        )


class ToolDescription(Part, frozen=True, kw_only=True):
    """One tool."""

    name: str
    risk: str
    description: str
    input_schema: Json


class Tools(Document, frozen=True, kw_only=True, tag="desk.tools/v1"):
    """`desk tools -o json`."""

    tools: list[ToolDescription]


class Check(Part, frozen=True):
    """One thing Desk needs: ok, missing, or optional and missing."""

    name: str
    state: Literal["ok", "missing", "optional"]
    text: str


class Doctor(Document, frozen=True, kw_only=True, tag="desk.doctor/v1"):
    """`desk doctor -o json`."""

    checks: list[Check]
    namespace: Annotated[str, Meta(description="Where the checks looked; empty when no cluster answered.")] = ""
    environment: Annotated[
        str, Meta(description="What the gate takes the namespace for; empty when it is not there.")
    ] = ""
    gate: Annotated[
        dict[str, str], Meta(description="Class of risk -> allow, ask or deny, for what a task names.")
    ] = field(default_factory=dict)


class Made(Document, frozen=True, kw_only=True, tag="desk.init/v1"):
    """`desk init -o json`."""

    workspace: str
    done: Annotated[list[str], Meta(description="What was made, a step each; empty when it was there already.")]
    next_action: NextAction


class Missing(Part, frozen=True, kw_only=True):
    """Events of a session that a commit names and the journal has not, by their numbers in the session."""

    session: str
    first: int
    last: Annotated[int, Meta(description="The event that the commit names.")]
    commit: str
    committed_at: str
    replaced: Annotated[bool, Meta(description="The journal has another event in its place.")]


class Verified(Document, frozen=True, kw_only=True, tag="desk.verify/v1"):
    """`desk journal verify -o json`."""

    events: Annotated[int, Meta(description="How many events are known to hold, each chained to the one before.")]
    intact: bool
    fault: Annotated[str, Meta(description="What does not hold, and what to do; empty when it is intact.")] = ""
    commits: Annotated[int, Meta(description="How many commits name an event of this journal.")] = 0
    commits_of_others: Annotated[int, Meta(description="How many commits name another journal's.")] = 0
    missing: Annotated[list[Missing], Meta(description="What commits name and the journal has not.")] = []
    not_compared: Annotated[str, Meta(description="Why git was not looked at; empty when it was.")] = ""


class Dispatched(Document, frozen=True, kw_only=True, tag="desk.dispatched/v1"):
    """The Job of a session key. Without a name, no other is made, and `why` says what a person should look at."""

    session_key: str
    namespace: str
    job: str
    created: bool
    why: str


class Error(Document, frozen=True, kw_only=True, tag="desk.error/v1"):
    """What a command prints in place of its document when it fails."""

    error: str
    exit_code: int


Printed = Document | Report | Diagnosis | FindingLine | Lesson
"""Whatever is printed as JSON, but for a journal's events."""

DOCUMENTS: tuple[type[Struct], ...] = (
    *(
        Session,
        Request,
        Callback,
        Approvals,
        Decision,
        Sessions,
        Status,
        Provisioning,
        Onboarding,
        Manifests,
        ScaffoldFiles,
    ),
    *(Report, Diagnosis, FindingLine, Lesson, PlatformPage, PlatformDocsCheck),
    *(Tools, Doctor, Made, Verified, Dispatched, Error),
)
