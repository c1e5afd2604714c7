"""A function a page. Each takes the site, the request and the visit, and runs in a thread of its own.

A page that is live is asked for again by its own script, with the header HX-Request: then only the part of it that
changes is given, or nothing (204) where it is as it was.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from agent.errors import ApprovalRefused, DeskError
from agent.humans import approvers
from agent.humans.deciding import Decider, Verdict, decide, standing
from agent.journal import approvals
from agent.journal.approvals import Row
from agent.journal.summary import OPEN
from agent.journal.view import load_view
from agent.surfaces.session_documents import session as session_document
from agent.web import metrics
from agent.web.site import Site
from agent.web.story import TASK_CHARS, diff_of, items
from agent.web.visits import Visit, Visitor
from agent.workspace.history import History
from agent.workspace.verification import told, verified_with
from tools.cluster.errors import ClusterError

_log = logging.getLogger(__name__)

NEWEST_EVENTS = 100
MOST_LINES = 500
"""So many lines a list has; the command line has them all."""
MAX_DIGITS = 19
NOTHING_NEW = Response(status_code=204)
MAX_REASON_CHARS = 1_000
NOBODY = "No cluster says who you are, so you may look, and not decide."


def is_part(request: Request) -> bool:
    """Whether a page that is shown already asks for what has changed in it."""
    return "hx-request" in request.headers


# --- sessions --------------------------------------------------------------------------------------------


def sessions(site: Site, request: Request, visit: Visit) -> Response:
    """All sessions, newest first, or the open ones."""
    only_open = request.query_params.get("show") == "open"
    lines = [line for line in site.summary().sessions if not only_open or line.status in OPEN]
    return _live(site, request, visit, "sessions", lines=lines[:MOST_LINES], left=len(lines[MOST_LINES:]))


def session(site: Site, request: Request, visit: Visit) -> Response:
    """A session's story; for a page that has it up to event `after`, what came since."""
    name, after, part = request.path_params["session"], _number(request, "after"), is_part(request)
    view = load_view(site.journal, name)
    document = session_document(view, runs=site.journal.is_leased(name))
    if part and after >= view.last_seq and request.query_params.get("status") == document.status:
        return NOTHING_NEW
    return site.page(
        "story_part.html" if part else "story.html", visit,
        session=document, items=items(site.journal.entries(name, after=after)), last_seq=view.last_seq,
        duration_s=_duration_s(view.started_at, view.last_at), task_chars=TASK_CHARS,
        events=f"/events?session={name}", part=part,
    )  # fmt: skip


# --- approvals -------------------------------------------------------------------------------------------


def approvals_list(site: Site, request: Request, visit: Visit) -> Response:
    """What waits for a person, oldest first; or all that was ever asked, newest first."""
    everything = request.query_params.get("show") == "all"
    rows = approvals.listing(site.journal, site.now(), everything=everything)
    shown = rows[::-1] if everything else rows
    return _live(site, request, visit, "approvals", rows=shown[:MOST_LINES], left=len(shown[MOST_LINES:]))


def approval(site: Site, request: Request, visit: Visit) -> Response:
    """One approval, with all that it would change, and how it is decided."""
    row = approvals.at_time(approvals.load(site.journal, request.path_params["approval"]), site.now())
    shown = (request.query_params.get("status"), request.query_params.get("first"))
    if is_part(request) and shown == (row.status, _first(site, row)):
        return NOTHING_NEW
    return _approval(site, request, visit, row)


def approve(site: Site, request: Request, visit: Visit, form: dict[str, str]) -> Response:
    """Approve what the form shows, as who is logged in."""
    return _decide(site, request, visit, form, "approved")


def reject(site: Site, request: Request, visit: Visit, form: dict[str, str]) -> Response:
    """Reject it, or withdraw what one has asked for oneself."""
    return _decide(site, request, visit, form, "rejected")


def _decide(site: Site, request: Request, visit: Visit, form: dict[str, str], verdict: Verdict) -> Response:
    approval_id = request.path_params["approval"]
    try:
        decide(
            site.journal, approval_id, verdict, _decider(site, visit), approvers.load(site.workspace), site.now(),
            reason=form.get("reason", "").strip()[:MAX_REASON_CHARS], digest=form.get("digest", "") or "none",
        )  # fmt: skip
    except (DeskError, ClusterError) as error:
        row = approvals.at_time(approvals.load(site.journal, approval_id), site.now())
        return _approval(site, request, visit, row, 409 if isinstance(error, DeskError) else 502, str(error))
    return RedirectResponse(f"/approvals/{approval_id}", 303)


def _decider(site: Site, visit: Visit) -> Decider:
    visitor = _visitor(visit)
    if visitor.identity is None:
        raise ApprovalRefused(NOBODY)
    return Decider(visitor.identity, "web", site.cluster, is_own_login=visitor.is_own_login)


def _approval(
    site: Site, request: Request, visit: Visit, row: Row, status: int = 200, refused: str = ""
) -> Response:
    """`refused`: why the decision that was just made does not count."""
    part = is_part(request)
    return site.page(
        "approval_part.html" if part else "approval.html", visit, status,
        row=approvals.with_use(site.journal, row), diff=diff_of(row.asked.diff), refused=refused,
        path=f"/approvals/{row.asked.approval_id}", why_not=_why_not(site, row, visit, "approved"),
        why_not_reject=_why_not(site, row, visit, "rejected"), first=_first(site, row), events="/events", part=part,
    )  # fmt: skip


def _first(site: Site, row: Row) -> str:
    """Who has approved it first, where a second person has to as well; empty: nobody."""
    entries = site.journal.entries(row.asked.approval_id, ("first_approval",))
    return next((str(entry.body["approver"]) for entry in entries), "")


def _why_not(site: Site, row: Row, visit: Visit, verdict: Verdict) -> str:
    """Why whoever is logged in cannot decide it so, as far as that is known without asking the cluster."""
    try:
        standing(row, verdict, _decider(site, visit), approvers.load(site.workspace))
    except DeskError as error:
        return str(error)
    return ""


# --- records ---------------------------------------------------------------------------------------------


def incidents(site: Site, request: Request, visit: Visit) -> Response:
    """What a person should look into, newest first."""
    opened = [*site.journal.entries(types=("incident_opened",))][::-1]
    told = [(entry, entry.event) for entry in opened[:MOST_LINES]]
    return _live(site, request, visit, "incidents", incidents=told, left=len(opened[MOST_LINES:]))


def journal(site: Site, _request: Request, visit: Visit) -> Response:
    """The newest events; whether all of them hold is asked for by the page, for that takes a while."""
    newest = site.journal.newest()
    entries = [*site.journal.entries(after=max(0, newest - NEWEST_EVENTS))][::-1]
    return site.page("journal.html", visit, entries=entries, newest=newest, root=site.journal.root, events="")


def verification(site: Site, request: Request, visit: Visit) -> Response:
    """Check all chains, and that all is there that git's commits name."""
    with site.own_journal() as opened:
        verified = verified_with(opened, lambda: History(site.workspace))
    said = told(verified) if verified.intact else verified.fault
    template = "verification_part.html" if is_part(request) else "verification.html"
    return site.page(template, visit, intact=verified.intact, said=said, events="")


# --- for machines ----------------------------------------------------------------------------------------


def healthz(_site: Site, _request: Request) -> Response:
    """Whether this process answers."""
    return PlainTextResponse("ok\n")


def readyz(site: Site, _request: Request) -> Response:
    """Whether it can do its work: the journal is read. Why not, its log says."""
    try:
        site.journal.newest()
    except DeskError:
        _log.exception("not ready")
        return PlainTextResponse("the journal cannot be read\n", 503)
    return PlainTextResponse("ok\n")


def scrape(site: Site, _request: Request) -> Response:
    """For Prometheus."""
    return Response(site.metrics.scraped(), media_type=metrics.MEDIA_TYPE)


# --- what they share -------------------------------------------------------------------------------------


def _live(site: Site, request: Request, visit: Visit, name: str, **values: Any) -> Response:
    """A page with a part that is kept up; for a page that shows it as it is, nothing."""
    show, part = request.query_params.get("show", ""), is_part(request)
    body = site.page(f"{name}_part.html", visit, **values, show=show).body
    seen = hashlib.sha256(body).hexdigest()[:16]
    if part and request.query_params.get("seen") == seen:
        return NOTHING_NEW
    live = {
        "body": bytes(body).decode(),
        "seen": seen,
        "path": request.url.path,
        "show": show,
        "part": part,
    }
    return site.page("live.html" if part else f"{name}.html", visit, **live, events="/events")


def _visitor(visit: Visit) -> Visitor:
    if visit.visitor is None:
        raise ApprovalRefused(NOBODY)
    return visit.visitor


def _number(request: Request, name: str) -> int:
    said = request.query_params.get(name, "")
    return int(said) if said.isdecimal() and len(said) < MAX_DIGITS else 0


def _duration_s(begun: str, ended: str) -> int:
    return int((datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds())
