"""Settings: flags beat DESK_* variables, which beat desk.yaml in the workspace, which beats these defaults.

A field is a setting, and all there is to it stands here: its type and bounds, its default, what `--help` says of
it, and why it is so. `agent/cli/configured.py` makes the options from the fields, `agent/docs/tables.py` the table
in docs/settings.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from msgspec import Meta, Struct, ValidationError, convert, field
from msgspec.structs import fields, replace

from agent.errors import UsageError
from agent.model.claude.price import Price, parse_price

PLAYBOOK = "playbook"
CLAUDE = "claude-sonnet-5-5"
Output = Literal["text", "json", "jsonl"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
GatedClass = Literal["render", "provision", "change", "secret", "delete", "cloud", "cluster"]
GateColumn = Literal["dev", "test", "staging", "prod"]
GateWord = Literal["allow", "ask", "deny"]

WHERE = "Which cluster, which workspace"
WHO = "Who thinks"
LOG = "What is logged"
GIT = "Which git hosts tell of webhooks"
CLOUD = "Which cloud"


class Setting(Struct, frozen=True, kw_only=True):
    """What is told of a setting, and how it is given."""

    help: str
    """What it is, in which unit."""
    unset: str = ""
    """What holds when it is not set, where the default does not say it."""
    why: str = ""
    """Why the default is so."""
    section: str = ""
    """The heading of `--help` that its option stands under; without one it is set in desk.yaml only."""
    short: str = ""
    """The flag of one letter."""
    everywhere: bool = False
    """Whether commands take it that run no session."""
    variables: tuple[str, ...] = ()
    """Environment variables that are understood beside DESK_*."""
    completes: str = ""
    """What a shell completes, as `agent.cli.completing` names it; choices and paths are completed anyway."""


class OidcSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity provider that people log in to the web page with."""

    issuer: Annotated[str, Meta(pattern=r"^https://[^\s?#]+$")]
    """Its URL, as its tokens have it."""
    client_id: Annotated[str, Meta(min_length=1)]
    client_secret_file: Path | None = None
    """None: a public client."""


class WebSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where browsers find the web page, and how people log in there."""

    url: Annotated[str, Meta(pattern=r"^https://[^\s/?#@]+/?$")] | None = None
    """As it stands in a browser, behind whatever ends TLS; None: this machine alone."""
    oidc: OidcSettings | None = None
    token_review: bool = False
    """Whether a token of the cluster, for the audience `desk`, logs in."""
    sessions_at_once: Annotated[int, Meta(ge=1, le=1000)] = 4
    """So many of the sessions that were asked for over HTTP run at a time; the others wait."""
    sessions_in: Literal["processes", "jobs"] = "processes"
    """Processes of this machine, or Kubernetes Jobs as `dispatch` has them."""
    callback_hosts: tuple[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.:-]*$")], ...] = ()
    """Hosts of callbacks that may have private addresses."""


class ChannelSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people are asked; the secrets of each channel are elsewhere (`agent.humans.channels`)."""

    slack_channel: Annotated[str, Meta(pattern=r"^[CG][A-Z0-9]+$")] | None = None
    """The id of the channel that rows are asked in."""
    slack_api: Annotated[str, Meta(pattern=r"^https?://\S+/$")] = "https://slack.com/api/"
    pagerduty_api: Annotated[str, Meta(pattern=r"^https?://\S+$")] = "https://events.pagerduty.com/v2/enqueue"
    secrets_file: Path | None = None
    """None: the environment has the secrets."""


Quantity = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?$")]
SecretName = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]


class DispatchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Jobs that run sessions."""

    image: Annotated[str, Meta(pattern=r"^[^\s$]+$")] | None = None
    """Desk's, as `make image` makes it."""
    repository: Annotated[str, Meta(pattern=r"^(https?|git|file)://[^\s@$]+$")] | None = None
    """The git remote that has the workspace, without a name or a password."""
    namespace: Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)] | None = None
    """Where the Jobs are; None: that of the context."""
    service_account: SecretName = "desk-session"
    """Whose rights sessions have."""
    secret: SecretName = "desk-session"  # noqa: S105  a name
    """The Secret with the variables of a session: DESK_JOURNAL, PGPASSWORD, ANTHROPIC_API_KEY."""
    git_secret: SecretName = "desk-git"  # noqa: S105  a name
    """The Secret whose key `credentials` is a file of git-credential-store; there may be none."""
    pull_secret: SecretName | None = None
    """What the image is pulled with."""
    queue: SecretName | None = None
    """The LocalQueue that Jobs wait in, where the cluster has Kueue."""
    deadline_s: Annotated[int, Meta(ge=60)] = 3600
    """How long one Job may run; then its session hands over, and no other Job is made."""
    grace_s: Annotated[int, Meta(ge=5, le=3600)] = 60
    """What a session has to hand over in once its pod is to end."""
    keep_s: Annotated[int, Meta(ge=7200)] = 86_400
    """How long a Job that has ended is kept: longer than an approval may wait."""
    cpu: Quantity = "250m"
    cpu_limit: Quantity = "1"
    memory: Quantity = "256Mi"
    memory_limit: Quantity = "1Gi"


class Settings(Struct, frozen=True, kw_only=True):
    """What one process of Desk runs with."""

    workspace: Annotated[
        Path,
        Setting(
            help="Workspace, as `desk init` makes it.",
            unset="this folder, or the nearest one above that is one",
            why="Git finds its repository in the same way.",
            section=WHERE,
            everywhere=True,
        ),
    ] = Path()
    journal: Annotated[
        str | None,
        Meta(pattern=r"^postgres(ql)?://"),
        Setting(
            help="Address of the PostgreSQL database with the journal.",
            unset="the file .desk/journal.db of the workspace",
            why="A file needs no server. A database is for several machines.",
            section=WHERE,
            everywhere=True,
        ),
    ] = None
    remote: Annotated[
        str | None,
        Meta(pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=100),
        Setting(
            help="Git remote that each commit is pushed to.",
            unset="none: commits stay here",
            why="Several machines share a workspace by it, and none is asked of who works alone.",
            section=WHERE,
        ),
    ] = None
    kubeconfig: Annotated[
        str | None,
        Setting(
            help="Kubeconfig file.",
            unset="as kubectl finds it",
            why="Both then mean the same cluster.",
            section=WHERE,
            everywhere=True,
            completes="file",
        ),
    ] = None
    context: Annotated[
        str | None,
        Setting(
            help="Context of the kubeconfig.",
            unset="its current one",
            section=WHERE,
            everywhere=True,
            completes="context",
        ),
    ] = None
    namespace: Annotated[
        str | None,
        Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63),
        Setting(
            help="Namespace, when nothing else says it.",
            unset="that of the context",
            section=WHERE,
            short="n",
            completes="namespace",
        ),
    ] = None
    output: Annotated[
        Output,
        Setting(help="text for people, json or jsonl for programs.", section=WHERE, short="o", everywhere=True),
    ] = "text"
    model: Annotated[
        str | None,
        Meta(pattern=r"^(playbook|[\w.:/@-]*claude[\w.:/@-]*)$", max_length=200),
        Setting(
            help="Who thinks: claude, another Claude's name, or playbook.",
            unset="claude where there is a key, else playbook",
            why=f"claude is {CLAUDE}; playbook needs no key and no network.",
            section=WHO,
            completes="model",
        ),
    ] = None
    base_url: Annotated[
        str,
        Meta(pattern=r"^https?://\S+$"),
        Setting(
            help="Where the Messages API is.",
            why="Anthropic's own; it may be a gateway's, or a server for tests.",
            section=WHO,
            variables=("ANTHROPIC_BASE_URL",),
        ),
    ] = "https://api.anthropic.com"
    api_key_file: Annotated[
        Path | None,
        Setting(
            help="File that holds the key.",
            unset="the variable ANTHROPIC_API_KEY",
            why="No key stands in a settings file.",
            section=WHO,
        ),
    ] = None
    effort: Annotated[
        Effort | None,
        Setting(help="How much the model puts into a turn.", unset="as the model has it", section=WHO),
    ] = None
    window_tokens: Annotated[
        int | None,
        Meta(ge=8_000),
        Setting(
            help="Tokens of the model's context window.",
            unset="as the Messages API says, or else as is known of the model",
            why="At 80 % the session is handed over.",
            section=WHO,
        ),
    ] = None
    max_tokens: Annotated[
        int,
        Meta(ge=256, le=128_000),
        Setting(
            help="Tokens a turn may have, thinking included.",
            why="32,000 is room to think, and ends a ramble.",
            section=WHO,
        ),
    ] = 32_000
    model_timeout_s: Annotated[
        float,
        Meta(gt=0, le=3600),
        Setting(help="Seconds of silence of the model.", why="A live stream says something sooner.", section=WHO),
    ] = 60.0
    model_patience_s: Annotated[
        float,
        Meta(ge=0, le=86_400),
        Setting(
            help="Seconds to wait in all for one turn when the model asks to come back.",
            why="300 outlasts a rush hour, and a session that waits longer is better resumed.",
            section=WHO,
        ),
    ] = 300.0
    price: Annotated[
        Price | None,
        Setting(
            help="US dollars for a million tokens: input,output,cache write,cache read.",
            unset="known for Claude Sonnet 5.5 and Opus 5.5",
            why="Without a price the cost is not told.",
            section=WHO,
        ),
    ] = None
    max_cost_usd: Annotated[
        float,
        Meta(ge=0),
        Setting(
            help="US dollars that one session may cost; 0: no limit.",
            why="A session that has cost so much is handed over, with what it did.",
            section=WHO,
        ),
    ] = 0.0
    max_cost_usd_a_day: Annotated[
        float,
        Meta(ge=0),
        Setting(
            help="US dollars that all sessions of the journal may cost in a day of UTC; 0: no limit.",
            why="Many sessions at once stay within it, but for the turns that are under way.",
            section=WHO,
        ),
    ] = 0.0
    max_cost_usd_a_team: Annotated[
        float,
        Meta(ge=0),
        Setting(
            help="US dollars that all sessions in a team's namespaces may cost in a day of UTC; 0: no limit.",
            why="A namespace's team is its label `team`, without one its name without the environment.",
            section=WHO,
        ),
    ] = 0.0
    max_turns: Annotated[
        int,
        Meta(ge=1, le=1000),
        Setting(
            help="Turns of the model in one session.",
            why="50 is far above what a task takes, and ends a loop.",
            section=WHO,
        ),
    ] = 50
    api_timeout_s: Annotated[
        float,
        Meta(gt=0, le=600),
        Setting(
            help="Seconds to wait for one answer of the API server.",
            why="30 outlasts a slow one, not a dead one.",
            section=WHERE,
        ),
    ] = 30.0
    github_host: Annotated[
        str,
        Meta(pattern=r"^(https?://)?[A-Za-z0-9.-]+(:[0-9]+)?$", max_length=253),
        Setting(
            help="GitHub's host: github.com, or a GitHub Enterprise Server.",
            why="A token is sent to its own host and to no other.",
            section=GIT,
            variables=("GH_HOST",),
        ),
    ] = "github.com"
    github_token_file: Annotated[
        Path | None,
        Setting(
            help="File that holds a token which may read the repositories' webhooks.",
            unset="as gh has it: GH_TOKEN or GITHUB_TOKEN, for a server of one's own GH_ENTERPRISE_TOKEN",
            why="Without one, why-not-live says where to look.",
            section=GIT,
        ),
    ] = None
    gitlab_host: Annotated[
        str,
        Meta(pattern=r"^(https?://)?[A-Za-z0-9.-]+(:[0-9]+)?$", max_length=253),
        Setting(
            help="GitLab's host.",
            why="A token is sent to its own host and to no other.",
            section=GIT,
            variables=("GITLAB_HOST",),
        ),
    ] = "gitlab.com"
    gitlab_token_file: Annotated[
        Path | None,
        Setting(
            help="File that holds a token which may read the projects' webhooks.",
            unset="as glab has it: GITLAB_TOKEN",
            why="Without one, why-not-live says where to look.",
            section=GIT,
        ),
    ] = None
    aws_profile: Annotated[
        str | None,
        Setting(
            help="Profile of ~/.aws/config.",
            unset="as AWS' own tools find credentials",
            why="No key stands in a settings file.",
            section=CLOUD,
            variables=("AWS_PROFILE",),
        ),
    ] = None
    aws_region: Annotated[
        str | None,
        Meta(pattern=r"^[a-z][a-z0-9-]{2,40}$"),
        Setting(
            help="Region of AWS, such as eu-central-1.",
            unset="that of the profile",
            section=CLOUD,
            variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
    ] = None
    aws_account: Annotated[
        str | None,
        Meta(pattern=r"^[0-9]{12}$"),
        Setting(
            help="The only AWS account that may be worked on, 12 digits.",
            unset="that of the credentials",
            why="With it, credentials of another account are refused before anything is asked.",
            section=CLOUD,
        ),
    ] = None
    azure_subscription: Annotated[
        str | None,
        Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
        Setting(
            help="Subscription of Azure, by its id.",
            unset="nothing is made in Azure",
            why="No key stands in a settings file: credentials are found as Azure's own tools find them.",
            section=CLOUD,
            variables=("AZURE_SUBSCRIPTION_ID",),
        ),
    ] = None
    azure_group: Annotated[
        str | None,
        Meta(pattern=r"^[-\w.()]{0,89}[-\w()]$"),
        Setting(
            help="Resource group of Azure.",
            unset="nothing is made in Azure",
            section=CLOUD,
            variables=("AZURE_DEFAULTS_GROUP",),
        ),
    ] = None
    azure_region: Annotated[
        str | None,
        Meta(pattern=r"^[a-z][a-z0-9]{2,40}$"),
        Setting(
            help="Region of Azure, such as westeurope.",
            unset="that of the resource group",
            section=CLOUD,
            variables=("AZURE_DEFAULTS_LOCATION",),
        ),
    ] = None
    azure_endpoint: Annotated[
        str | None,
        Meta(pattern=r"^https://[^/?#@]+/?$"),
        Setting(
            help="Azure's resource manager, of a sovereign cloud.",
            unset="https://management.azure.com",
            section=CLOUD,
        ),
    ] = None
    gate: Annotated[
        dict[GatedClass, dict[GateColumn, GateWord]],
        Setting(
            help="Cells of the gate's table that decide otherwise, such as {change: {dev: ask}}: for render, "
            "provision, change, secret, delete, cloud or cluster, in dev, test, staging or prod, allow, ask or "
            "deny.",
            unset="the table of docs/gate.md",
            why="Each session says at its start which cells are not the table's, the looser ones first.",
        ),
    ] = field(default_factory=dict)
    web: Annotated[
        WebSettings,
        Setting(
            help="Where browsers find the page of `desk serve`, and how people log in: "
            "{url: https://desk.example.com, oidc: {issuer, client_id, client_secret_file}, token_review: true, "
            "sessions_at_once: 4, sessions_in: processes, callback_hosts: [bot.swarm.svc]}.",
            unset="for this machine only, by a link that works once",
            why="A page that others reach must know who they are: docs/web.md.",
        ),
    ] = WebSettings()
    channels: Annotated[
        ChannelSettings,
        Setting(
            help="Where people are asked: {slack_channel: C0123456789, secrets_file: ~/.config/desk/channels.env}.",
            unset="at a terminal only",
            why="Secrets are in the environment or a file of mode 0600, never here: docs/approvals.md.",
        ),
    ] = ChannelSettings()
    dispatch: Annotated[
        DispatchSettings,
        Setting(
            help="How `desk dispatch` makes Jobs of sessions: {image: registry.example.com/desk:1, repository: "
            "https://git.example.com/desk.git, namespace: desk}.",
            unset="no Jobs are made",
            why="An image and a repository are the operator's own: docs/dispatch.md.",
        ),
    ] = DispatchSettings()
    log_level: Annotated[
        LogLevel | None,
        Setting(
            help="Log on standard error, this and graver.",
            unset="nothing is logged",
            why="What one person needs of one session is printed; a log is for who operates many.",
            section=LOG,
            everywhere=True,
        ),
    ] = None
    log_format: Annotated[
        LogFormat,
        Setting(help="Lines of text, or a JSON object a line.", section=LOG, everywhere=True),
    ] = "text"


def narrowed(own: Settings, asked: Mapping[str, Any]) -> Settings:
    """The settings with those that somebody else asks for; a limit of our own is never loosened."""
    changed = dict(asked)
    for name in ("max_turns", "max_cost_usd", "max_tokens"):
        if name in changed and getattr(own, name):
            changed[name] = min(changed[name] or getattr(own, name), getattr(own, name))
    return replace(own, **changed)


class Field(Struct, frozen=True):
    """A field of the settings; `type` is that of a value, not of its absence."""

    name: str
    type: Any
    default: Any
    told: Setting

    @property
    def choices(self) -> tuple[str, ...]:
        """The words it may be; empty where it is no choice."""
        return get_args(self.type.__origin__) if get_origin(self.type.__origin__) is Literal else ()

    @property
    def is_path(self) -> bool:
        """Whether it is the path of a file or a folder."""
        return self.type.__origin__ is Path


def _field(name: str, annotated: Any, default: Any) -> Field:
    (told,) = (each for each in annotated.__metadata__ if isinstance(each, Setting))
    kind = annotated.__origin__
    value = next(each for each in (*get_args(kind), kind) if each is not NoneType) if default is None else kind
    return Field(name, Annotated[value, *annotated.__metadata__], default, told)


FIELDS = {each.name: _field(each.name, each.type, each.default) for each in fields(Settings)}


def load(given: Mapping[str, object], sources: Mapping[str, str] | None = None) -> Settings:
    """Settings from what is given for them; None is as not given.

    `sources`: where each comes from, as an error says it. Raises `UsageError` that names each one that is wrong.
    """
    checked: dict[str, Any] = {}
    faults = []
    for name, value in given.items():
        try:
            if value is not None:
                checked[name] = _value(FIELDS[name], value)
        except (ValidationError, ValueError) as error:
            meant = ", ".join(FIELDS[name].choices) or FIELDS[name].told.help.removesuffix(".")
            faults.append(f"{(sources or {}).get(name, name)} is {value!r}: {error} ({meant})")
    if faults:
        raise UsageError(f"Wrong settings: {'; '.join(faults)}. Mend what stands there.")
    return Settings(**checked)


def _value(field: Field, value: object) -> object:
    """What is given, as its type; raises `ValidationError` or `ValueError`."""
    if value == "":
        raise ValueError("Is a variable of the shell not set?")
    if field.type.__origin__ is Price:
        return parse_price(str(value))
    return convert(value, field.type, strict=False, dec_hook=lambda _path, given: Path(given))
