"""Run one session to its end, or to where it must wait; the end protocol happens always."""

from __future__ import annotations

from typing import Any

from agent.errors import AskedAlready, DeskError, ExitCode, HistoryError, UsageError
from agent.journal import approvals
from agent.journal.events import ApprovalAsked, Committed, SessionPaused
from agent.session.context import Desk
from agent.session.nodes.close import (
    LogResult,
    catch_up,
    leaves_commit,
    record_pause,
)
from agent.session.steps import walk
from tools.cluster.absent import FINGERPRINT as NO_CLUSTER
from tools.cluster.errors import ClusterError
from tools.errors import ToolError
from tools.frame import Stopped

STEPS_A_TURN = 12


def drive(desk: Desk) -> int:
    """Run the graph until the session closes or parks; gives the exit code of the process."""
    try:
        catch_up(desk)
        return _drive(desk)
    except KeyboardInterrupt:
        return _pause(desk, ExitCode.INTERRUPTED, "interrupted", "PARTIAL")
    except Stopped:
        return _pause(desk, ExitCode.HANDED_OVER, "told to stop (SIGTERM)", "PARTIAL")
    except AskedAlready as same:
        return _wait_for_other(desk, same)
    except DeskError as error:
        git_failed = isinstance(error, HistoryError | UsageError)
        return _pause(desk, ExitCode(error.exit_code), str(error), "FAILURE", commits=not git_failed)
    except (ClusterError, ToolError) as error:
        if desk.stop.is_set():  # what the API server did not answer while it was told to stop
            return _pause(desk, ExitCode.HANDED_OVER, f"told to stop (SIGTERM); {error}", "PARTIAL")
        return _pause(desk, ExitCode.FAILED, str(error), "FAILURE")
    except Exception as error:
        _pause(desk, ExitCode.FAILED, f"internal error: {type(error).__name__}: {error}", "FAILURE")
        raise


def _drive(desk: Desk) -> int:
    go = walk if desk.view.task.call is not None else _run_graph
    while not go(desk):
        asked = desk.view.pending_approval()
        if asked is None or not _decided_at_terminal(desk, asked):
            return _wait(desk)
    closed = desk.view.closed
    return closed.exit_code if closed is not None else ExitCode.FAILED


def _run_graph(desk: Desk) -> bool:
    """Run the graph; False: the session waits for an approval."""
    # LangGraph takes half a second, more than all of a typed call: that needs no model, so it walks.
    from agent.session.graph import graph

    limit = desk.view.task.max_turns * STEPS_A_TURN + 100
    compiled = graph.compile()
    state: dict[str, Any] = compiled.invoke({"session": desk.view.id}, {"recursion_limit": limit}, context=desk)
    return "__interrupt__" not in state


def _decided_at_terminal(desk: Desk, asked: ApprovalAsked) -> bool:
    """In dev the person at the terminal confirms what they asked for themselves; nowhere else."""
    if asked.environment != "dev" or asked.requester != desk.identity.username:
        return False
    with desk.stop.at_once():
        answer = desk.surface.confirm(asked.summary, asked.diff)
    if answer is None:
        return False
    decision, reason = (
        ("approved", "confirmed at the terminal") if answer else ("rejected", "declined at the terminal")
    )
    approvals.decide(desk.journal, asked.approval_id, decision, desk.identity.username, reason, desk.now())
    return True


def _wait(desk: Desk) -> int:
    asked = desk.view.pending_approval()
    name = asked.approval_id if asked else "an approval"
    reason = f"waiting for {name}: {asked.summary}" if asked else "waiting for an approval"
    action = f"somebody else: desk approvals approve {name} --kubeconfig THEIRS; then desk resume {desk.view.id}"
    if desk.view.task.sandbox:
        action = "nobody else is in the sandbox to approve it: try it in one of its dev namespaces"
    elif desk.view.task.cluster == NO_CLUSTER:  # which is what tells one person from another
        action = f"answer it yourself, at a terminal: desk resume {desk.view.id}"
    return _pause(
        desk, ExitCode.WAITING, reason, "PENDING_APPROVAL", action, approval_id=asked.approval_id if asked else ""
    )


def _wait_for_other(desk: Desk, same: AskedAlready) -> int:
    """Wait for what another session asked for: once that has made the change, there is nothing left to make."""
    action = (
        f"desk approvals wait {same.approval_id}; then desk resume {same.session}; then desk resume {desk.view.id}"
    )
    return _pause(desk, ExitCode.WAITING, str(same), "PENDING_APPROVAL", action, approval_id=same.approval_id)


def _pause(
    desk: Desk,
    code: ExitCode,
    reason: str,
    result: LogResult,
    action: str = "",
    *,
    approval_id: str = "",
    commits: bool = True,
) -> int:
    """The end protocol of a process whose session goes on later.

    `commits` False: git is what failed; the next process of the session commits it.
    """
    before = desk.view.pauses[-1][2] if desk.view.pauses else None
    with desk.stop.uninterrupted():
        desk.append(SessionPaused(int(code), reason, action or f"desk resume {desk.view.id}", result, approval_id))
        key, at, paused = desk.view.pauses[-1]
        if before is not None and before.reason == reason:
            desk.append(Committed(key, ""))  # told already: a second resume of a waiting session adds nothing
        elif commits and leaves_commit(desk.view):
            record_pause(desk, key, at, paused)
    return int(code)
