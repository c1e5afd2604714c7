"""What the git hosts say of the webhooks that are to tell this cluster of pushes.

A host that does not say is "not checked", with its reason; without a token it is said where a person can look.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from tools.delivery.facts.application import same_commit, short
from tools.delivery.receivers import Receiver, told
from tools.delivery.rules.argo_cd.words import age
from tools.delivery.rules.webhooks import failing, missing
from tools.git_hosts.hosts import Delivery, GitHost, GitHosts, Hook, NotRead

if TYPE_CHECKING:
    from datetime import datetime

    from tools.cluster.client import Cluster
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.delivery.related import Related
    from tools.diagnose.findings import Finding
    from tools.diagnose.report import LinkState
    from tools.git_hosts.repository import Repository


class Pushes(msgspec.Struct, frozen=True):
    """What is known of the link `webhook` by the git hosts: nothing where `said` is empty."""

    state: LinkState = "not checked"
    said: str = ""
    finding: Finding | None = None
    polls: bool = False
    """Whether who is not told looks at git by itself."""


UNASKED = Pushes()


def look(
    cluster: Cluster,
    app: Application | None,
    found: Deliveries,
    made_by: Related,
    wanted: Wanted,
    hosts: GitHosts,
) -> Pushes:
    """Ask the hosts of the repositories that are to tell this cluster; where none can be, say where to look."""
    pairs = told(cluster, app, found, made_by)
    answers = [_of_pair(repository, receiver, hosts, wanted, found.taken_at) for repository, receiver in pairs]
    for state in ("broken", "ok", "not there"):
        if (worst := next((each for each in answers if each.state == state), None)) is not None:
            return worst
    return Pushes(said="; ".join(dict.fromkeys(each.said for each in answers)))


def _of_pair(repository: Repository, receiver: Receiver, hosts: GitHosts, wanted: Wanted, now: datetime) -> Pushes:
    host = hosts.of(repository)
    if host is None:
        where = repository.settings or f"the webhooks' page of {repository}"
        return Pushes(said=f"its deliveries are at the git host, for which there is no token: {where}")
    if not receiver.is_known:
        return Pushes(said=f"under which address {receiver.said} is told of pushes is not known")
    try:
        hook = next((each for each in host.hooks(repository) if receiver.takes(each.url)), None)
        if hook is None:
            return _without(repository, receiver, host)
        return _of_hook(repository, receiver, host, hook, wanted, now)
    except NotRead as error:
        return Pushes(said=f"{host.word} {error}: {repository.settings or repository}")


def _without(repository: Repository, receiver: Receiver, host: GitHost) -> Pushes:
    said = f"no webhook of {repository} points at {receiver.said}"
    if receiver.polls:
        return Pushes("not there", f"{said}, which looks at git by itself")
    return Pushes("broken", said, missing(receiver, repository, host))


def _of_hook(
    repository: Repository, receiver: Receiver, host: GitHost, hook: Hook, wanted: Wanted, now: datetime
) -> Pushes:
    deliveries = [] if hook.off else host.deliveries(repository, hook, wanted.commit)
    own = _of_commit(deliveries, wanted.commit)
    last = own or next(iter(deliveries), None)
    if hook.off or (last is not None and last.failed):
        found = failing(receiver, repository, host, hook, last, wanted.commit if own else "", now)
        return Pushes("broken", found.summary, found, receiver.polls)
    if last is None:
        return Pushes(said=f"{host.word} has told {receiver.said} of no push yet: {hook.page}")
    answered = f"it answered {last.status}{_ago(last, now)}"
    if own or not wanted.commit:
        what = short(wanted.commit) if own else "the last push"
        return Pushes("ok", f"{host.word} told {receiver.said} of {what}: {answered}")
    lately = f"{host.word} told {receiver.said} of the last {len(deliveries)} pushes"
    said = f"{lately}, and {short(wanted.commit)} is in none"
    return Pushes(said=f"{said}: it is not pushed to {repository}, or came before them ({hook.page})")


def _of_commit(deliveries: Sequence[Delivery], commit: str) -> Delivery | None:
    if not commit:
        return None
    return next((each for each in deliveries if any(same_commit(commit, sha) for sha in each.commits or ())), None)


def _ago(delivery: Delivery, now: datetime) -> str:
    return f" {age(now - delivery.at)} ago" if delivery.at else ""
