"""Webhooks of a repository that do not tell this cluster of its pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.delivery.facts.application import short
from tools.delivery.rules.argo_cd.words import age
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.rule import Cause
from tools.plaintext import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from tools.delivery.receivers import Receiver
    from tools.git_hosts.hosts import Delivery, GitHost, Hook
    from tools.git_hosts.repository import Repository

WEBHOOK_FAILING = Cause(
    "WebhookFailing",
    topic="ci-cd",
    means="The git host tells the cluster of pushes, and the cluster does not take it.",
    why="The webhook's URL is not reached from the git host, its secret is not the receiver's, the receiver "
    "answers an error, or the host has switched the webhook off after many failures.",
    mend="See the answer at the git host, mend that, and have the push delivered again.",
    example="GitHub told EventListener github of abc1234 and got 503, 5 min ago",
    source="https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/troubleshooting-webhooks",
)
WEBHOOK_MISSING = Cause(
    "WebhookMissing",
    topic="ci-cd",
    means="No webhook of the repository points at what should start on a push.",
    why="It was never made, or was removed, or points at another cluster's address.",
    mend="Make it in the repository's settings, with the receiver's URL and secret, for pushes.",
    example="no webhook of github.com/shop/checkout points at BuildConfig checkout: no push starts it",
    source="https://docs.github.com/en/webhooks/using-webhooks/creating-webhooks",
)

_MEANING = {
    401: "its secret is not the receiver's",
    403: "its secret is not the receiver's",
    404: "nothing is at its URL's path",
    502: "nothing runs behind its URL",
    503: "nothing runs behind its URL",
}


def failing(
    receiver: Receiver,
    repository: Repository,
    host: GitHost,
    hook: Hook,
    last: Delivery | None,
    commit: str,
    now: datetime,
) -> Finding:
    """A webhook that is switched off, or whose last delivery (that of the commit, where one is named) failed."""
    if last is None:
        said, text = (
            f"{host.word}'s webhook of {repository} for {receiver.said} sends nothing: {hook.off}",
            hook.off,
        )
    else:
        when = f", {age(now - last.at)} ago" if last.at else ""
        got = str(last.status) if last.status else one_line(last.said, 80) or "no answer"
        what = short(commit) if commit else "the last push"
        meaning = f" ({_MEANING[last.status]})" if last.status in _MEANING else ""
        said = f"{host.word} told {receiver.said} of {what} and got {got}{meaning}{when}"
        text = one_line(f"{last.status} {last.said}")
    again = (Remedy("When it is mended, have it delivered again", last.again, "change"),) if last else ()
    look = Remedy(f"See its deliveries: {hook.page}", host.command(repository), "read")
    return _finding(
        WEBHOOK_FAILING, receiver, said, Evidence("status", f"webhook of {repository}", text), look, *again
    )


def missing(receiver: Receiver, repository: Repository, host: GitHost) -> Finding:
    """No webhook points at what does not look at git by itself."""
    said = f"no webhook of {repository} points at {receiver.said}: no push starts it"
    made = Remedy(
        f"See which there are, and make one for pushes: {repository.settings or repository}",
        host.command(repository),
        "read",
    )
    return _finding(
        WEBHOOK_MISSING,
        receiver,
        said,
        Evidence("status", str(repository), f"none of {host.word}'s webhooks"),
        made,
    )


def _finding(cause: Cause, receiver: Receiver, summary: str, evidence: Evidence, *remedies: Remedy) -> Finding:
    return Finding(
        cause=cause,
        object=receiver.ref,
        container=None,
        affected=(),
        detail=one_line(summary),
        why=cause.why,
        evidence=(evidence,),
        remedies=remedies,
    )
