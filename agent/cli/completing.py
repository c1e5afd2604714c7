"""What a shell completes: ids from the journal, commits from the history, names from the cluster.

A callback of an argument or option gives what begins as the word under the cursor does. What cannot be had gives
nothing: `agent.cli` says no error to a shell that completes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from tools.plaintext import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tools.cluster.client import HttpCluster

VARIABLE = "_DESK_COMPLETE"
"""What a shell's script sets when it asks for completions. Source: click.shell_completion."""
TIMEOUT_S = 2.0
"""A person waits for the key they have pressed: what the cluster has not said by then is not completed."""
HELP_CHARACTERS = 60
COMMITS = 200
_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
"""What `debug-pod` is asked about by a plain name."""

Pairs = Iterable[tuple[str, str]]
"""Each: what may be typed, and what it is."""
Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem[str]]"]


def is_asked() -> bool:
    """Whether this process was started by a shell that completes."""
    return VARIABLE in os.environ


def prepare() -> None:
    """Before click answers the shell: bash takes a word apart at its colons, which a context's name may have."""
    from click.shell_completion import BashComplete, add_completion_class

    class Bash(BashComplete):
        _before = ""

        def get_completion_args(self) -> tuple[list[str], str]:
            args, incomplete = super().get_completion_args()
            *args, incomplete = glued([*args, incomplete])
            self._before = incomplete[: incomplete.rfind(":") + 1]
            return args, incomplete

        def format_completion(self, item: CompletionItem[str]) -> str:
            return f"{item.type},{item.value.removeprefix(self._before)}"

    add_completion_class(Bash)


def glued(words: list[str]) -> list[str]:
    """Words that bash has taken apart at their colons, whole again. Pure."""
    found: list[str] = []
    for word in words:
        if found and (word.startswith(":") or found[-1].endswith(":")):
            found[-1] += word
        else:
            found.append(word)
    return found


def _completer(read: Callable[[click.Context, str], Pairs]) -> Completer:
    """A callback for click: what `read` gives for the words before the cursor and the one under it."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(value, help=in_a_line(told))
            for value, told in read(ctx, incomplete)
            if value.startswith(incomplete)
        ]

    return complete


def in_a_line(text: str) -> str:
    """Short, and free of what a shell's script takes for the end of an item. Pure."""
    line = " ".join(plain(text).split())
    return line if len(line) <= HELP_CHARACTERS else f"{line[: HELP_CHARACTERS - 3]}..."


# from the workspace


def _sessions(ctx: click.Context, *, only_open: bool) -> Pairs:
    from agent.journal.summary import OPEN, summarize

    for line in summarize(ctx.params["workspace"], ctx.params["journal"]).sessions:
        if not only_open or line.status in OPEN:
            yield line.session, f"{line.word}: {line.task}"


def _approvals(ctx: click.Context, *, only_waiting: bool) -> Pairs:
    import contextlib
    from datetime import UTC, datetime

    from agent.cli.options import existing_journal
    from agent.journal.approvals import listing

    with contextlib.closing(existing_journal(ctx.params["workspace"], ctx.params["journal"])) as journal:
        for row in reversed(listing(journal, datetime.now(UTC), everything=not only_waiting)):
            yield row.asked.approval_id, f"{row.status}: {row.asked.summary}"


def _commits(ctx: click.Context, _incomplete: str) -> Pairs:
    from agent.workspace.history import History

    for commit, _ in History(ctx.params["workspace"]).with_trailer("Changes", COMMITS):
        yield commit.sha[:10], commit.subject.partition(" - ")[2]


any_session = _completer(lambda ctx, _: _sessions(ctx, only_open=False))
open_session = _completer(lambda ctx, _: _sessions(ctx, only_open=True))
any_approval = _completer(lambda ctx, _: _approvals(ctx, only_waiting=False))
waiting_approval = _completer(lambda ctx, _: _approvals(ctx, only_waiting=True))
change_commit = _completer(_commits)


# from Desk itself


def _tools(_ctx: click.Context, _incomplete: str) -> Pairs:
    from tools.catalog import TOOLS

    return [(tool.name, tool.description.splitlines()[0]) for tool in TOOLS]


def _topics(_ctx: click.Context, _incomplete: str) -> Pairs:
    from tools.topics import TOPICS

    return [(topic, about.teaches) for topic, about in TOPICS.items()]


def _causes(_ctx: click.Context, _incomplete: str) -> Pairs:
    from tools.explain import CAUSES

    return [(name, cause.means) for name, cause in CAUSES.items()]


tool = _completer(_tools)
cause = _completer(_causes)
topic = _completer(_topics)
model = _completer(lambda _ctx, _: [("claude", "needs a key"), ("playbook", "needs none")])


def file(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """A file's path, which the shell completes by itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


# from the cluster and its kubeconfig


def _cluster(ctx: click.Context) -> HttpCluster:
    """The cluster that is meant; this process is gone, without a word, when it takes too long."""
    from tools.cluster.connect import Where, connect

    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    timeout_s = float(os.environ.get("DESK_COMPLETION_TIMEOUT_S") or TIMEOUT_S)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    where = Where(ctx.params.get("kubeconfig"), ctx.params.get("context"))
    return connect(where, timeout_s=timeout_s)


def _namespaces(ctx: click.Context, _incomplete: str) -> Pairs:
    return _of_namespaces(_cluster(ctx))


def _of_namespaces(cluster: HttpCluster) -> list[tuple[str, str]]:
    from tools.cluster.names import names_of

    return [(name, "namespace") for name in names_of(cluster, ("Namespace",), None).get("Namespace", ())]


def _contexts(ctx: click.Context, _incomplete: str) -> Pairs:
    from tools.cluster.connect import Where, contexts

    return [(name, f"namespace {namespace}") for name, namespace in contexts(Where(ctx.params.get("kubeconfig")))]


def _asked_about(ctx: click.Context, incomplete: str) -> Pairs:
    """The words of debug-pod: [NAMESPACE] [NAME | TYPE/NAME | TYPE NAME], and with -n no namespace among them."""
    words: tuple[str, ...] = ctx.params.get("words") or ()
    cluster = _cluster(ctx)
    namespace = ctx.params.get("namespace")
    if words and not namespace:
        is_type = _type(words[0]) is not None and words[0] not in {name for name, _ in _of_namespaces(cluster)}
        namespace, words = (cluster.namespace, words) if is_type else (words[0], words[1:])
        return _names(cluster, namespace, words, incomplete)
    here = _names(cluster, namespace or cluster.namespace, words, incomplete)
    return here if namespace or "/" in incomplete else [*_of_namespaces(cluster), *here]


def _names(cluster: HttpCluster, namespace: str, words: tuple[str, ...], incomplete: str) -> Pairs:
    """Names of a namespace: behind a type those of it, else plain ones and those of a type that is begun."""
    from tools.cluster.names import names_of

    typed, slash, _ = incomplete.partition("/")
    kind = _type(words[0] if words else typed if slash else "")
    if len(words) > (kind is not None) or (slash and kind is None):
        return
    before = f"{typed}/" if slash else ""
    for of, names in names_of(cluster, (kind,) if kind else _KINDS, namespace).items():
        spelt = "" if kind else _spelt(of, incomplete)
        yield from ((f"{before}{name}", of) for name in names)
        yield from ((f"{spelt}/{name}", of) for name in names if spelt)


def _spelt(kind: str, begun: str) -> str:
    """The type's name that a word begins, as kubectl takes it; empty when it begins none, or is empty."""
    from tools.cluster.resources import find

    resource = find(kind)
    names = (kind.lower(), resource.plural, *resource.short) if resource is not None else ()
    return next((name for name in names if begun and name.startswith(begun)), "")


def _type(word: str) -> str | None:
    from tools.cluster.resources import find

    resource = find(word) if word else None
    return resource.kind if resource is not None and resource.namespaced else None


namespace = _completer(_namespaces)
context = _completer(_contexts)
asked_about = _completer(_asked_about)
