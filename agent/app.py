"""The composition root: the one place where clients are made and put together."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.gate.policy import differences, with_cells
from agent.git_tokens import git_hosts, git_tokens
from agent.ids import new_session
from agent.journal import approvals, stores
from agent.journal.events import SessionRequested, SessionResumed, SessionStarted
from agent.journal.journal import Entry, Journal
from agent.journal.requests import chain_of, request_of
from agent.journal.view import SessionView, find_session, load_view
from agent.model.onecall import OneCall
from agent.redaction import Redactor
from agent.session import cancelling
from agent.session.choosing import NO_SESSION, Choice, choose, to_continue, with_key
from agent.session.context import Desk, Records, Surface
from agent.session.nodes.close import is_over
from agent.session.run import drive
from agent.settings import CLAUDE, PLAYBOOK, narrowed
from agent.stopping import StopSignal
from agent.surfaces import log, telemetry
from agent.workspace.discovery import refuse_unless_workspace
from agent.workspace.files import Workspace
from agent.workspace.history import History
from tools.cloud.connect import Clouds
from tools.cluster.absent import FINGERPRINT as NO_CLUSTER
from tools.cluster.absent import AbsentCluster
from tools.cluster.connect import Where, connect
from tools.cluster.did_you_mean import NotThere
from tools.cluster.errors import ClusterError, ClusterSettingsError, Unreachable
from tools.cluster.namespaces import refuse_unless_there
from tools.frame import Stopped
from tools.risk import Risk
from tools.rooms import ALONE, tools_for

if TYPE_CHECKING:
    from agent.dispatch.dispatcher import Dispatcher, Made
    from agent.humans.channels import Secrets
    from agent.humans.clicks import Endpoint
    from agent.humans.people import People
    from agent.model.claude.model import Profile
    from agent.model.claude.price import Price
    from agent.model.port import Model
    from agent.settings import Settings
    from agent.web.api.launching import Launcher
    from tools.cluster.client import HttpCluster, Identity
    from tools.frame import Tool

_log = logging.getLogger(__name__)

NO_RECORD = (
    "This workspace has no journal, as no clone has, and without the record of what was done no undo is believed. "
    "Next: run `desk rollback {commit}` where it was made; or put it back by hand, as {folder}/before.yaml has it."
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who has asked for a session that another process runs for them: it acts as they do."""

    user: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of a new session. `call` makes it a one-call session."""

    words: str
    namespace: str | None = None
    sandbox: bool = False
    read_only: bool = False
    dry_run: bool = False
    call: dict[str, Any] | None = None
    cluster: str = ""
    """Fingerprint of the only cluster it may run on; empty: any."""
    before: dict[str, Any] | None = None
    """Of a conversation's session before, as `agent.session.conversation.behind` gives it."""
    offline: bool = False
    """Of a call that can be made without a cluster: none is asked."""
    session_key: str = ""
    """What whoever starts sessions knows the task by."""
    asker: Asker | None = None
    """None: whoever the kubeconfig says."""
    session: str = ""
    """The id that its session has; empty: a new one."""
    running: dict[str, Any] | None = None
    """The kubeconfig of a sandbox that is there already; None: one is made for this session."""


def open_journal(settings: Settings, literals: tuple[str, ...] = ()) -> Journal:
    """The workspace's journal; `literals` are secrets this process knows and must mask."""
    redactor = Redactor((*literals, key_of(settings), *git_tokens(settings)))
    Workspace(settings.workspace).state_dir()
    return Journal(stores.opened(settings.workspace, settings.journal), redactor)


def history_of(settings: Settings) -> History:
    """The workspace's history, which takes commits; raises `UsageError` where there is no workspace."""
    refuse_unless_workspace(settings.workspace)
    history = History(settings.workspace)
    if settings.remote is not None:
        from agent.workspace.sharing import SharedHistory

        history = SharedHistory(settings.workspace, settings.remote)
    history.preflight()
    return history


def start(settings: Settings, task: Task, surface: Surface) -> int:
    """Begin a session and run it; gives the exit code."""
    history = history_of(settings)
    model, stop, table = _name_of(settings, task), StopSignal(), with_cells(settings.gate)
    thinker = model_of(settings, model, task.call, stop)
    with (
        _cluster_of(settings, task, stop) as (cluster, identity),
        _journal_of(settings, cluster) as journal,
    ):
        _refuse_other_cluster(task.cluster or cluster.fingerprint, cluster)
        _refuse_missing_namespace(task, cluster)
        session = task.session or new_session()
        team_limit = settings.max_cost_usd_a_team if _is_claude(model) else 0.0
        started = SessionStarted(
            task=task.words,
            namespace=task.namespace or cluster.namespace,
            model=model,
            requester=identity.username,
            cluster=cluster.fingerprint,
            sandbox=task.sandbox,
            read_only=task.read_only,
            dry_run=task.dry_run,
            max_turns=settings.max_turns,
            window_tokens=_window_of(settings, thinker),
            max_tokens=settings.max_tokens if _is_claude(model) else 0,
            commits_reads=task.call is None,
            call=task.call,
            before=task.before,
            gate=differences(table),
            session_key=task.session_key,
            max_cost_usd=settings.max_cost_usd if _is_claude(model) else 0.0,
            max_cost_usd_a_day=settings.max_cost_usd_a_day if _is_claude(model) else 0.0,
            team=_team_of(task.namespace or cluster.namespace, cluster) if team_limit else "",
            max_cost_usd_a_team=team_limit,
        )
        view = SessionView(session)
        desk = Desk(
            view=view,
            journal=journal,
            cluster=cluster,
            identity=identity,
            model=thinker,
            tools=tools_of(started, history, journal, view),
            workspace=Workspace(settings.workspace),
            history=history,
            surface=surface,
            stop=stop,
            table=table,
            git_hosts=git_hosts(settings),
            clouds=clouds_of(settings),
        )
        with _leased(journal, session):
            return _run(desk, started)


def rollback(settings: Settings, commit: str, surface: Surface, *, dry_run: bool) -> int:
    """Undo a commit of Desk in a session of its own; nothing begins where the journal does not vouch for it."""
    from agent.session.rollback import UNDO, change_set_of, made_by, waits_for
    from agent.workspace.changeset import undo_of

    history = history_of(settings)
    sha = _commit_of_subtask(settings, commit) or history.resolve(commit)
    folder = change_set_of(history, sha)
    if not stores.exists(settings.workspace, settings.journal):
        raise UsageError(NO_RECORD.format(commit=sha[:10], folder=folder))
    with contextlib.closing(open_journal(settings)) as journal:
        made = made_by(history, journal, sha)
    if made.view.task.sandbox and made.on_cluster:
        raise UsageError(
            f"Commit {sha[:10]} changed a sandbox, which ended with its process. Nothing is to be undone."
        )
    task = Task(
        words=f"undo commit {sha[:10]} on {made.done.target}: {made.done.title}",
        namespace=made.on_cluster[0].namespace if made.on_cluster else None,
        sandbox=made.view.task.sandbox,
        dry_run=dry_run,
        call={"tool": UNDO, "arguments": {"commit": sha}, "then": waits_for(undo_of(made.changes))},
        cluster=made.view.task.cluster if made.on_cluster else "",
        offline=made.view.task.cluster == NO_CLUSTER,
    )
    return start(settings, task, surface)


def _commit_of_subtask(settings: Settings, said: str) -> str:
    """The commit of SESSION/SUBTASK, as LOGS.md names what can be undone; empty for whatever else it may be."""
    session, _, subtask = said.partition("/")
    if not subtask or not stores.exists(settings.workspace, settings.journal):
        return ""
    with contextlib.closing(open_journal(settings)) as journal:
        return SessionView.of(session, journal.entries(session)).commits.get(subtask, "")


def next_session(settings: Settings) -> Choice:
    """Which session to go on with when none is named; raises `UsageError` when there is none."""
    history_of(settings)
    with _existing_journal(settings) as journal:
        return choose(journal, datetime.now(UTC))


def resume(settings: Settings, session: str, surface: Surface, asker: Asker | None = None) -> int:
    """Go on with a session where its journal says, as `asker` or as the kubeconfig says; gives the exit code.

    Raises `UsageError` for another identity or cluster than it began with, before anything is decided or closed.
    """
    history = history_of(settings)
    with _existing_journal(settings) as peek:
        session = find_session(peek, session)
        started = load_view(peek, session).task
    stop, table = StopSignal(), with_cells(settings.gate)
    thinker = model_of(settings, started.model, started.call, stop)
    with contextlib.ExitStack() as stack:
        if started.cluster == NO_CLUSTER:
            cluster, identity = _without_cluster("this session began without one")
        else:
            cluster, identity = stack.enter_context(_cluster(settings, stop, asker, sandbox=started.sandbox))
        journal = stack.enter_context(_journal_of(settings, cluster))
        if not started.sandbox:
            _refuse_other_cluster(started.cluster, cluster)
            _refuse_other_identity(session, started.requester, identity)
        stack.enter_context(_leased(journal, session))  # what is read from here on, nobody else changes
        approvals.expire(journal, datetime.now(UTC))
        view = load_view(journal, session)
        why = view.pauses[-1][2].reason if view.pauses else "its process ended"
        desk = Desk(
            view=view,
            journal=journal,
            cluster=cluster,
            identity=identity,
            model=thinker,
            tools=tools_of(started, history, journal, view),
            workspace=Workspace(settings.workspace),
            history=history,
            surface=surface,
            stop=stop,
            table=table,
            git_hosts=git_hosts(settings),
            clouds=clouds_of(settings),
        )
        return _run(desk, SessionResumed(identity.username, why, differences(table)))


def clouds_of(settings: Settings) -> Clouds:
    """The clouds that the settings say; none is asked yet."""
    return Clouds(
        settings.aws_profile, settings.aws_region, settings.aws_account, settings.azure_subscription,
        settings.azure_group, settings.azure_region, settings.azure_endpoint, settings.api_timeout_s,
    )  # fmt: skip


def before_next(settings: Settings, session: str) -> tuple[str, dict[str, Any]]:
    """Where a conversation goes on behind a session, and what the next one is told of it."""
    from agent.session.conversation import behind

    with _existing_journal(settings) as journal:
        view = load_view(journal, session)
        tools = tools_of(view.task, History(settings.workspace), journal, view)
    before = behind(view, {name: tool.schema for name, tool in tools.items()})
    return before["spoken"]["namespace"] or view.task.namespace, before


def handed_over(settings: Settings) -> Task:
    """The task of the newest session that was handed over, for a new one. Raises `UsageError`: there is none."""
    history_of(settings)
    with _existing_journal(settings) as journal:
        return _handed_on(settings, journal, to_continue(journal))


def _handed_on(settings: Settings, journal: Journal, view: SessionView) -> Task:
    from agent.session.handing_over import handed_on

    task, tools = view.task, tools_of(view.task, History(settings.workspace), journal, view)
    return Task(
        task.task, task.namespace, task.sandbox, task.read_only, task.dry_run,
        cluster="" if task.sandbox else task.cluster, session_key=task.session_key,
        before=handed_on(view, {name: tool.schema for name, tool in tools.items()}),
    )  # fmt: skip


def by_key(settings: Settings, task: Task, surface: Surface) -> int:
    """Begin the task that `task.session_key` stands for, or go on with it where it stands; gives the exit code.

    A session that was interrupted or waited is resumed, one that was handed over is followed, and of one that is
    over the end is told again. `task.words` may be empty once the key is known. Raises `UsageError` for another
    task under the same key, and while another process runs it.
    """
    history_of(settings)
    with contextlib.closing(open_journal(settings)) as journal, journal.lease(chain_of(task.session_key)):
        if (requested := request_of(journal, task.session_key)) is not None:
            settings, task = _as_requested(settings, task, requested)
        view = with_key(journal, task.session_key)
        if view is None:
            if not task.words:
                raise UsageError(f"No session has the key {task.session_key} yet: say what to do, too.")
            return start(settings, task, surface)
        if task.words not in ("", view.task.task):
            raise _other_task(view.task.task, replace(task, session=view.id))
        if view.closed is not None and view.closed.outcome == "handed_over" and is_over(view):
            return start(settings, replace(_handed_on(settings, journal, view), asker=task.asker), surface)
        return resume(settings, view.id, surface, task.asker)


def _as_requested(settings: Settings, task: Task, requested: SessionRequested) -> tuple[Settings, Task]:
    """The settings and the task as they were asked for over HTTP; `task` has what this process was told."""
    asked = Task(
        requested.task, requested.namespace or None, requested.sandbox, requested.read_only, requested.dry_run,
        session_key=task.session_key, asker=Asker(requested.requester, tuple(requested.groups)),
        session=requested.session,
    )  # fmt: skip
    if task.words not in ("", asked.words):
        raise _other_task(asked.words, asked)
    return narrowed(settings, requested.settings), asked


def _other_task(known: str, task: Task) -> UsageError:
    return UsageError(
        f"The key {task.session_key} stands for another task: {known!r} (session {task.session}). "
        "Give the same words, none, or another key."
    )


def cancel(settings: Settings, session: str) -> SessionView:
    """Close a session that nobody is to go on with; raises `UsageError` when it is over, and not cancelled."""
    history = history_of(settings)
    with _existing_journal(settings) as journal:
        session = find_session(journal, session)
        with _leased(journal, session):
            view = load_view(journal, session)
            if view.closed is not None and view.closed.outcome != "cancelled":
                raise UsageError(f"Session {session} is over ({view.closed.outcome}): there is nothing to cancel.")
            journal.observe(lambda entry: view.apply(entry) if entry.session == view.id else None)
            cancelling.cancel(Records(view, journal, Workspace(settings.workspace), history))
        return view


@contextlib.contextmanager
def dispatcher_of(settings: Settings) -> Iterator[Dispatcher]:
    """What makes Jobs of sessions. Raises `UsageError` where the settings do not say how, or no pod could."""
    from agent.dispatch.dispatcher import Dispatcher

    refuse_unless_workspace(settings.workspace)
    if settings.journal is None:
        raise UsageError(
            "The journal of this workspace is a file, which no pod can reach. Next: set `journal` to the address "
            "of a PostgreSQL database, as docs/dispatch.md says."
        )
    cluster = connect(Where(settings.kubeconfig, settings.context), timeout_s=settings.api_timeout_s)
    with contextlib.closing(open_journal(settings)) as journal:
        yield Dispatcher(settings.dispatch, cluster, journal)


def dispatch(settings: Settings, told: Callable[[Made], None]) -> None:
    """Go on with sessions whose Jobs have ended, until SIGTERM; `told` hears of each Job that is made."""
    stop = StopSignal()
    with dispatcher_of(settings) as dispatcher, stop.on_sigterm(), contextlib.suppress(Stopped):
        log.begin("dispatch", dispatcher.journal.redactor)
        dispatcher.run(told, stop.sleep)


def watch(settings: Settings, told: Callable[[Entry], None], *, once: bool) -> None:
    """Ask people for what waits, until SIGTERM; with `once`, send what is due and end. `told` hears of it all.

    Raises `UsageError` where no channel is set up.
    """
    from agent.humans.channels import missing, secrets_of

    refuse_unless_workspace(settings.workspace)
    secrets = secrets_of(settings.channels)
    lacks = missing(settings.channels, secrets)
    if all(lacks.values()):
        said = "; ".join(f"{channel} lacks {what}" for channel, what in lacks.items())
        raise UsageError(f"No channel is set up: {said}. docs/approvals.md tells how to get each.")
    stop = StopSignal()
    with contextlib.closing(open_journal(settings, secrets.literals)) as journal:
        journal.observe(told)
        clock = _people(settings, journal, secrets)
        log.begin("watch", journal.redactor)
        if once:
            clock.watch.once()
            return
        with stop.on_sigterm(), clock.listening(), contextlib.suppress(Stopped):
            clock.watch.run(stop.sleep)


@contextlib.contextmanager
def watching(settings: Settings) -> Iterator[Mapping[str, Endpoint]]:
    """Inside, a thread does what `watch` does; gives what answers Slack and PagerDuty over HTTP, by path."""
    from agent.humans.channels import secrets_of

    secrets, stop = secrets_of(settings.channels), StopSignal()
    with contextlib.closing(open_journal(settings, secrets.literals)) as journal:
        clock = _people(settings, journal, secrets)
        work = (clock.watch.run, stop, "nobody is asked or reminded")
        thread = threading.Thread(target=_until_stopped, args=work, name="watch", daemon=True)
        with clock.listening():
            thread.start()
            try:
                yield clock.endpoints
            finally:
                stop.set()
                thread.join()
                for endpoint in clock.endpoints.values():
                    endpoint.close()


@contextlib.contextmanager
def running(settings: Settings, launcher: Launcher) -> Iterator[None]:
    """Inside, one thread runs what programs have asked for over HTTP, and one tells them when it ends.

    Sessions that are at work then go on: whoever is started next finds them in the journal.
    """
    from agent.humans.watch import Watch
    from agent.journal.requests import Requests
    from agent.web.api import callbacks
    from agent.web.api.running import Running

    stop = StopSignal()
    with contextlib.closing(open_journal(settings)) as journal, contextlib.closing(open_journal(settings)) as other:
        work = Running(
            journal, Requests(journal), launcher, lambda session: cancel(settings, session),
            at_once=settings.web.sessions_at_once, now=lambda: datetime.now(UTC),
        )  # fmt: skip
        channel = callbacks.Callbacks(settings.web.callback_hosts, loopback=settings.web.url is None)
        tell = Watch(
            other, [channel], lambda: datetime.now(UTC),
            messages=callbacks.Endings(other, Requests(other)), lease=callbacks.LEASE,
        )  # fmt: skip
        threads = [
            threading.Thread(target=_until_stopped, args=(each, stop, said), name=said, daemon=True)
            for each, said in ((work.run, "nothing that is asked for is run"), (tell.run, "no callback is called"))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _until_stopped(work: Callable[[Callable[[float], None]], object], stop: StopSignal, lost: str) -> None:
    """Work in a thread until it is told to stop; `lost` is what nobody does any more where it fails."""
    try:
        work(stop.sleep)
    except Stopped:
        return
    except Exception:  # noqa: BLE001  in a thread, where nobody else would hear of it
        _log.exception("%s any more", lost)


def _people(settings: Settings, journal: Journal, secrets: Secrets) -> People:
    from agent.humans.people import people

    return people(
        journal, settings.workspace, settings.channels, secrets,
        lambda: connect(Where(settings.kubeconfig, settings.context), timeout_s=settings.api_timeout_s),
        page_url=settings.web.url or "",
        now=lambda: datetime.now(UTC),
    )  # fmt: skip


@contextlib.contextmanager
def _leased(journal: Journal, session: str) -> Iterator[None]:
    """Be the one process that runs the session; what is logged meanwhile is the session's."""
    log.begin(session, journal.redactor)
    with journal.lease(session), telemetry.exporting(journal, session):
        _log.debug("lease taken")
        journal.observe(log.tell)
        try:
            yield
        finally:
            _log.debug("lease let go")


@contextlib.contextmanager
def _existing_journal(settings: Settings) -> Iterator[Journal]:
    """The workspace's journal; raises `UsageError` where there is none, and so no session."""
    if not stores.exists(settings.workspace, settings.journal):
        raise UsageError(NO_SESSION)
    with contextlib.closing(open_journal(settings)) as journal:
        yield journal


def _run(desk: Desk, beginning: SessionStarted | SessionResumed) -> int:
    view, surface = desk.view, desk.surface
    desk.journal.observe(lambda entry: view.apply(entry) if entry.session == view.id else None)
    desk.journal.observe(lambda entry: surface.entry(entry) if entry.session == view.id else None)
    with desk.stop.on_sigterm():
        closed = desk.view.closed
        if closed is not None and is_over(desk.view):
            surface.entry([each for each in desk.journal.entries(view.id) if each.type == "session_closed"][-1])
            return closed.exit_code
        desk.append(beginning)
        return drive(desk)


def _name_of(settings: Settings, task: Task) -> str:
    """Who thinks in a new session: as the settings say, else Claude where there is a key."""
    if task.call is not None:
        return OneCall.name
    if settings.model is None:
        return CLAUDE if key_of(settings) else PLAYBOOK
    return CLAUDE if settings.model == "claude" else settings.model


def _is_claude(model: str) -> bool:
    return model not in (OneCall.name, PLAYBOOK)


def _window_of(settings: Settings, thinker: Model) -> int:
    """The tokens of the model's context window; 0 for one that has none. Asked for once, for the whole session."""
    from agent.model.claude.model import Claude

    if not isinstance(thinker, Claude):
        return 0
    return settings.window_tokens or thinker.window_tokens()


def model_of(settings: Settings, name: str, call: dict[str, Any] | None, stop: StopSignal) -> Model:
    """The model of this name, or what makes the one call; a session keeps the one it began with.

    Raises `UsageError` when it is Claude and there is no key.
    """
    if call is not None:
        return OneCall(call["tool"], call["arguments"], call.get("then", ()))
    if name == PLAYBOOK:
        from agent.model.playbook import Playbook

        return Playbook()
    from agent.model.claude.model import Claude

    model = Claude(_profile(settings, name), stop.sleep)
    model.warm()
    return model


def _profile(settings: Settings, name: str) -> Profile:
    from agent.model.claude.model import Profile
    from agent.model.claude.price import KNOWN

    return Profile(
        base_url=settings.base_url,
        api_key=_needed_key(settings, name),
        model=name,
        effort=settings.effort,
        max_tokens=settings.max_tokens,
        timeout_s=settings.model_timeout_s,
        patience_s=settings.model_patience_s,
        price=_known_price(settings, settings.price or KNOWN.get(name), name),
    )


def _known_price(settings: Settings, price: Price | None, name: str) -> Price | None:
    """Raises `UsageError` where a limit is set, and nobody knows what a turn costs."""
    if price is None and (settings.max_cost_usd or settings.max_cost_usd_a_day or settings.max_cost_usd_a_team):
        raise UsageError(
            f"Nobody knows what {name} costs, so it cannot be kept within a limit of max_cost_usd. "
            "Next: set its price (input,output,cache write,cache read, in US dollars for a million tokens)."
        )
    return price


def _needed_key(settings: Settings, name: str) -> str:
    key = key_of(settings)
    if not key:
        raise UsageError(
            f"{name} needs a key: set ANTHROPIC_API_KEY, or name a file that holds it with --api-key-file. "
            "Without one, run anew with --model playbook, which needs no key."
        )
    return key


def key_of(settings: Settings) -> str:
    """The key for the Messages API, from its file or the environment; empty when there is none."""
    if settings.api_key_file is None:
        return os.environ.get("ANTHROPIC_API_KEY", "").strip()
    try:
        return settings.api_key_file.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The key file {settings.api_key_file} cannot be read: {error}.") from error


def tools_of(started: SessionStarted, history: History, journal: Journal, view: SessionView) -> Mapping[str, Tool]:
    """The tools a session has: the catalog, what the history adds, and what undoes.

    A typed call has those of its room. A rollback's `undo` is no other session's.
    """
    called = started.call["tool"] if started.call else ""
    if called in ALONE:
        return {tool.name: tool for tool in tools_for(called)}
    from agent.session.planning import plan_tool
    from agent.session.rollback import UNDO, undo_last_tool, undo_tool
    from agent.workspace.past_changes import rollout_history_tool
    from agent.workspace.results import Results, read_result_tool

    if called == UNDO:
        undo = undo_tool(history, journal, sandbox=started.sandbox)
    else:
        undo = undo_last_tool(view, history.root)
    results = Results(Workspace(history.root).state_dir(), view.id)
    tools = [*tools_for(called), rollout_history_tool(history), undo]
    if (
        started.window_tokens
    ):  # a model with a context window: it cuts what is too long, and is lost in what is many
        tools += [read_result_tool(results), plan_tool(view, [tool.name for tool in tools])]
    return {tool.name: tool for tool in tools}


@contextlib.contextmanager
def _cluster_of(settings: Settings, task: Task, stop: StopSignal) -> Iterator[tuple[HttpCluster, Identity]]:
    """The cluster of a new session; none where its one call needs none, and none is there or to be asked."""
    with contextlib.ExitStack() as stack:
        yield _without_cluster("no cluster is to be asked") if task.offline else _found(settings, task, stop, stack)


def _found(
    settings: Settings, task: Task, stop: StopSignal, stack: contextlib.ExitStack
) -> tuple[HttpCluster, Identity]:
    try:
        return stack.enter_context(_cluster(settings, stop, task.asker, sandbox=task.sandbox, running=task.running))
    except (ClusterSettingsError, Unreachable) as error:
        named = isinstance(error, ClusterSettingsError) and (settings.kubeconfig or settings.context)
        if named or not _is_made_offline(task.call):
            raise
        return _without_cluster(str(error))


def _is_made_offline(call: dict[str, Any] | None) -> bool:
    return call is not None and any(tool.name == call["tool"] and tool.offline for tool in tools_for(call["tool"]))


def _without_cluster(why: str) -> tuple[HttpCluster, Identity]:
    cluster = AbsentCluster(why)
    return cluster, cluster.whoami()


@contextlib.contextmanager
def _cluster(
    settings: Settings, stop: StopSignal, asker: Asker | None, *, sandbox: bool,
    running: dict[str, Any] | None = None,
) -> Iterator[tuple[HttpCluster, Identity]]:  # fmt: skip
    """The cluster, and who it says we are: asked first, so that nothing is begun where nothing can be done."""
    if not sandbox or running is not None:
        where = Where(document=running) if running else Where(settings.kubeconfig, settings.context)
        cluster = connect(where, timeout_s=settings.api_timeout_s, sleep=stop.sleep)
        identity = cluster.whoami()
        if asker is not None and identity.username != asker.user:
            acting = where._replace(user=asker.user, groups=asker.groups)
            cluster = connect(acting, timeout_s=settings.api_timeout_s, sleep=stop.sleep)
            identity = cluster.whoami()
            _refuse_unless_acting_as(asker, identity)
        yield cluster, identity
        return
    from agent.sandbox import Sandbox

    with Sandbox() as own:
        cluster = connect(Where(document=own.kubeconfig()), timeout_s=settings.api_timeout_s, sleep=stop.sleep)
        yield cluster, cluster.whoami()


def _refuse_unless_acting_as(asker: Asker, identity: Identity) -> None:
    """Raises `UsageError` where something on the way drops the headers: nobody gets the rights of Desk itself."""
    if identity.username != asker.user:
        raise UsageError(
            f"This session is {asker.user}'s, and the cluster takes it for {identity.username}'s all the same, so "
            "nothing was begun. Next: let Desk reach the API server by a way that passes impersonation on."
        )


@contextlib.contextmanager
def _journal_of(settings: Settings, cluster: HttpCluster) -> Iterator[Journal]:
    with contextlib.closing(open_journal(settings, (cluster.bearer_token() or "",))) as journal:
        yield journal


def _refuse_other_cluster(fingerprint: str, cluster: HttpCluster) -> None:
    if cluster.fingerprint != fingerprint:
        raise UsageError(
            "This kubeconfig or context is of another cluster than the one that the session or the change was made "
            "on. Nothing was done. Next: name the same --kubeconfig and --context as then."
        )


def _team_of(namespace: str, cluster: HttpCluster | AbsentCluster) -> str:
    """The team whose namespace it is, by its label, else by its name."""
    from tools.provisioning.specification import team_of

    try:
        labels = cluster.get("namespaces", namespace, None)["metadata"].get("labels") or {}
    except ClusterError:
        labels = {}
    return str(labels.get("team") or team_of(namespace))


def _refuse_missing_namespace(task: Task, cluster: HttpCluster) -> None:
    """Raises `UsageError` for a namespace that a person gave, as an option or to read in, and that is not there."""
    given = {task.namespace, _read_in(task.call) if task.call else None}
    for namespace in filter(None, given):
        try:
            refuse_unless_there(cluster, namespace)
        except NotThere as error:
            raise UsageError(str(error)) from error


def _read_in(call: dict[str, Any]) -> str | None:
    """The namespace that a typed call reads in; None where it changes something, which may make the namespace."""
    reads = any(tool.name == call["tool"] and tool.risk is Risk.READ for tool in tools_for(call["tool"]))
    return call["arguments"].get("namespace") if reads else None


def _refuse_other_identity(session: str, requester: str, identity: Identity) -> None:
    if identity.username != requester:
        raise UsageError(
            f"Session {session} was begun by {requester or 'somebody the cluster did not name'}, and this is "
            f"{identity.username or 'somebody it does not name'}: what was approved there is that requester's. "
            "Nothing was done. Next: resume it with their --kubeconfig and --context, or begin your own session."
        )
