"""A function an operation: each is given the site and what was sent, and runs in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ApprovalRefused, UsageError
from agent.humans import approvers
from agent.humans.approvers import Identity, KubernetesUser
from agent.humans.deciding import Decider, decide
from agent.humans.deciding import Verdict as Decision
from agent.ids import new_session
from agent.journal import approvals
from agent.journal import requests as asked_for
from agent.journal.events import SessionOrdered, SessionRequested
from agent.journal.summary import SessionLine, stamp
from agent.journal.view import load_view
from agent.settings import load
from agent.surfaces import documents
from agent.surfaces.session_documents import approval as approval_document
from agent.surfaces.session_documents import session as session_document
from agent.web.api.bodies import SETTINGS, Entered, NewSession, Verdict
from agent.web.api.callbacks import why_not
from agent.web.api.openapi import document
from agent.web.api.operations import LISTED, MOST_LISTED, ROOT
from agent.web.api.problems import Refused, no_login
from agent.web.logins import LoginRefused
from tools.cluster.client import Access

if TYPE_CHECKING:
    from agent.web.site import Site
    from agent.web.visits import Visit, Visitor

MOST_WAITING = 500
MOST_WAITING_OF_ONE = 100
"""So many sessions of one requester, and of all, may be open that nobody has decided or ended."""
TRY_AGAIN_S = 30
ACCOUNT = "system:serviceaccount:"
NOBODY = "No cluster says who you are, so you may look, and neither ask nor decide."


class Call(NamedTuple):
    """What was sent, and who sent it."""

    request: Request
    visit: Visit
    """Of nobody, where no token is looked at."""
    body: Any = None
    """As the operation's type, where it has one."""


def openapi(_site: Site, _call: Call) -> Response:
    """The OpenAPI document."""
    return given(document())


def enter(site: Site, call: Call) -> Response:
    """A token for whoever has the link that was printed."""
    try:
        token, visit = site.bearers.enter(token_of(call.request.headers.get("authorization", "")))
    except LoginRefused as error:
        raise Refused(403, str(error)) from error
    name = visit.visitor.name if visit.visitor else ""
    return given(Entered(token=token, user=name, ends_at=stamp(visit.ends_at)))


# --- sessions --------------------------------------------------------------------------------------------


def begin(site: Site, call: Call) -> Response:
    """Write down what is asked for; what runs it reads it there."""
    asked = _requested(site, call.visit, call.body)
    found, is_new = asked_for.accept(
        site.journal, site.requests, asked, lambda known: _refuse_one_more(site, call.visit, asked, known)
    )
    where = f"{ROOT}/sessions/{found.asked.session}"
    return given(_request_document(site, found)[0], 201 if is_new else 200, {"Location": where})


def sessions(site: Site, call: Call) -> Response:
    """What waits to begin, then all sessions, newest first."""
    limit = call.request.query_params.get("limit", str(LISTED))
    if not (limit.isdecimal() and len(limit) < 5 and 1 <= int(limit) <= MOST_LISTED):
        raise Refused(400, f"limit is {limit!r}, and must be a number from 1 to {MOST_LISTED}.")
    unbegun = [_line(each) for each in reversed(site.requests.read()) if not each.sessions]
    lines = [*unbegun, *site.summary().sessions]
    return given(documents.Sessions(sessions=lines[: int(limit)]))


def session(site: Site, call: Call) -> Response:
    """One session, by the id that it, or the request for it, was given."""
    return given(told(site, call.request.path_params["session"])[0])


def cancel(site: Site, call: Call) -> Response:
    """Have it stopped and closed."""
    return _order(site, call, "cancel")


def resume(site: Site, call: Call) -> Response:
    """Have it gone on with."""
    return _order(site, call, "resume")


def told(site: Site, session: str) -> tuple[documents.Request, bool]:
    """The document of a session, or of a request for one; and whether nothing more happens in it by itself."""
    request = site.requests.of_session(session)
    if request is not None:
        return _request_document(site, request)
    try:
        view = load_view(site.journal, session)
    except UsageError as error:
        raise Refused(404, f"There is no session {session[:80]}. GET {ROOT}/sessions lists them.") from error
    whole = session_document(view, runs=site.journal.is_leased(session))
    document = documents.Request(
        id=session, session_key=view.task.session_key, task=view.task.task, requester=view.task.requester,
        status=whole.status, exit_code=whole.exit_code, error="", deadline="", callback="",
        sessions=[session], session=whole,
    )  # fmt: skip
    return document, whole.status not in ("running", "killed") and not site.journal.is_leased(session)


def _request_document(site: Site, request: asked_for.Request) -> tuple[documents.Request, bool]:
    newest = request.sessions[-1] if request.sessions else ""
    is_run = any(site.journal.is_leased(each) for each in (request.chain, newest) if each)
    whole = session_document(load_view(site.journal, newest), runs=is_run) if newest else None
    unbegun = {"failed": request.failed.exit_code if request.failed else 1, "cancelled": 1}
    standing = request.standing
    document = documents.Request(
        id=request.asked.session,
        session_key=request.asked.session_key,
        task=request.asked.task,
        requester=request.asked.requester,
        status=whole.status if whole else "failed" if standing == "begun" else standing,
        exit_code=whole.exit_code if whole else unbegun.get(standing),
        error=request.failed.text if request.failed else "",
        deadline=request.asked.deadline,
        callback=request.asked.callback,
        sessions=[*request.sessions],
        session=whole,
    )
    return document, request.rests and not is_run


def _line(request: asked_for.Request) -> SessionLine:
    """What waits to begin, or could not, as a session is listed."""
    status, failed = request.standing, request.failed
    code = {"failed": failed.exit_code if failed else 1, "cancelled": 1}.get(status)
    return SessionLine(request.asked.session, request.at, request.asked.task, status, code, "")


def _requested(site: Site, visit: Visit, body: NewSession) -> SessionRequested:
    user, groups = _in_the_cluster(site, visit)
    given = {name: value for name in SETTINGS if (value := getattr(body, name)) is not None}
    try:
        load({**given, "namespace": body.namespace})
    except UsageError as error:
        raise Refused(422, str(error)) from error
    callback = body.callback or ""
    if callback and (refusal := why_not(callback, site.callback_hosts, loopback=not site.origin.is_tls)):
        raise Refused(422, f"callback is not called: {refusal}. docs/api.md says which URLs are.")
    for name, value in (("session_key", body.session_key), ("callback", callback)):
        if site.journal.redactor.text(value) != value:
            raise Refused(422, f"{name} looks like a secret, and it is stored and shown. Send one that holds none.")
    return SessionRequested(
        session_key=body.session_key,
        session=new_session(),
        task=body.task,
        namespace=body.namespace or "",
        requester=user,
        groups=[*groups],
        sandbox=body.sandbox,
        read_only=body.read_only,
        dry_run=body.dry_run,
        settings=given,
        deadline=stamp(body.deadline.astimezone(UTC)) if body.deadline else "",
        callback=callback,
    )


def _in_the_cluster(site: Site, visit: Visit) -> tuple[str, tuple[str, ...]]:
    """Who somebody is in the cluster, where their session acts as them: their user, and their groups.

    Groups of the system itself are given by the API server, and asked for by nobody.
    """
    visitor, identity = _somebody(visit)
    if isinstance(identity, KubernetesUser):
        return identity.name, tuple(each for each in visitor.groups if not each.startswith("system:"))
    known = approvers.load(site.workspace)
    person = known.person(identity) if known else None
    if person is None:
        raise Refused(
            403, f"Nothing says who {identity} is in the cluster, so no session could act as them. "
            "An operator can: people in approvers.yaml, docs/approvals.md.",
        )  # fmt: skip
    return person.kubernetes, person.groups


def _refuse_one_more(site: Site, visit: Visit, asked: SessionRequested, known: list[asked_for.Request]) -> None:
    if asked.deadline and asked.deadline <= stamp(site.now()):
        raise Refused(422, f"deadline is {asked.deadline}, which is over. Send one that is still to come, or none.")
    waiting = [each for each in known if not each.rests]
    mine = [each for each in waiting if each.asked.requester == asked.requester]
    if len(waiting) >= MOST_WAITING or len(mine) >= MOST_WAITING_OF_ONE:
        raise Refused(
            429, f"{len(waiting)} sessions are open, {len(mine)} of them yours; nothing was begun. Send it again "
            "when some are over.", {"Retry-After": str(TRY_AGAIN_S)},
        )  # fmt: skip
    visitor, _ = _somebody(visit)
    if asked.sandbox or visitor.is_own_login:
        return
    for access in _acting_as(asked):
        if not site.cluster.may(access):
            raise Refused(
                403,
                f"Desk may not act as {asked.requester}: it may not {access}. An operator can let it: docs/api.md.",
            )


def _acting_as(asked: SessionRequested) -> Iterator[Access]:
    """What Desk needs to act as somebody, as the API server asks its authorizer.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
    """
    if asked.requester.startswith(ACCOUNT):
        namespace, _, name = asked.requester.removeprefix(ACCOUNT).partition(":")
        yield Access("impersonate", "", "serviceaccounts", namespace, name)
    else:
        yield Access("impersonate", "", "users", None, asked.requester)
    for group in asked.groups:
        yield Access("impersonate", "", "groups", None, group)


def _order(site: Site, call: Call, order: Literal["cancel", "resume"]) -> Response:
    name = call.request.path_params["session"]
    document, rests = told(site, name)
    found = site.requests.of_session(name)
    if found is None:
        raise Refused(409, f"Session {name} was not asked for here. Where it was: desk {order} {name}.")
    user, _ = _in_the_cluster(site, call.visit)
    if user != found.asked.requester:
        raise Refused(403, f"{found.asked.requester} has asked for {name}, and nobody else may {order} it here.")
    if found.is_over or (order == "resume" and not rests):
        raise Refused(409, f"{name} is {document.status}: there is nothing to {order}.")
    if order != "cancel" or found.cancelled is None:
        site.journal.append(found.chain, SessionOrdered(found.asked.session_key, order, user))
    return given(told(site, name)[0], 202)


# --- approvals -------------------------------------------------------------------------------------------


def waiting(site: Site, call: Call) -> Response:
    """What waits, or all that was ever asked."""
    everything = call.request.query_params.get("show") == "all"
    rows = approvals.listing(site.journal, site.now(), everything=everything)
    return given(documents.Approvals(approvals=[approval_document(row) for row in rows]))


def approval(site: Site, call: Call) -> Response:
    """One approval, as `desk approvals show` prints it."""
    return given(documents.Approvals(approvals=[approval_document(_row(site, call))]))


def approve(site: Site, call: Call) -> Response:
    """Approve it."""
    return _decide(site, call, "approved")


def reject(site: Site, call: Call) -> Response:
    """Reject it, or withdraw it."""
    return _decide(site, call, "rejected")


def _decide(site: Site, call: Call, verdict: Decision) -> Response:
    row, (visitor, identity) = _row(site, call), _somebody(call.visit)
    body: Verdict = call.body
    decider = Decider(identity, "api", site.cluster, is_own_login=visitor.is_own_login)
    try:
        decided = decide(
            site.journal, row.asked.approval_id, verdict, decider, approvers.load(site.workspace), site.now(),
            reason=body.reason.strip(), digest=body.digest,
        )  # fmt: skip
    except ApprovalRefused as error:
        now = _row(site, call)
        is_theirs = now.status == "pending" and body.digest == now.asked.digest
        raise Refused(403 if is_theirs else 409, str(error)) from error
    goes_on = site.requests.of_session(row.session) is not None
    action = "" if goes_on or decided.row.status == "pending" else f"desk resume {row.session}"
    return given(documents.Decision(approval=approval_document(decided.row), next_action=action))


def _row(site: Site, call: Call) -> approvals.Row:
    name = call.request.path_params["approval"]
    try:
        row = approvals.load(site.journal, name)
    except UsageError as error:
        raise Refused(
            404, f"There is no approval {name[:80]}. GET {ROOT}/approvals?show=all lists them."
        ) from error
    return approvals.with_use(site.journal, approvals.at_time(row, site.now()))


# --- what they share -------------------------------------------------------------------------------------


def _somebody(visit: Visit) -> tuple[Visitor, Identity]:
    if visit.visitor is None or visit.visitor.identity is None:
        raise Refused(403, NOBODY)
    return visit.visitor, visit.visitor.identity


def token_of(header: str) -> str:
    """The token in the header Authorization. Source: RFC 6750, section 2.1"""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise no_login('Send your token: "Authorization: Bearer TOKEN". docs/api.md says which tokens there are.')
    return token.strip()


def given(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer, as JSON."""
    return Response(msgspec.json.encode(document), status, headers, "application/json")
