"""The steps of the loop, by name, and which comes next. The graph wires them; a typed call walks them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

from agent.model.port import ToolUse
from agent.session.context import Desk
from agent.session.nodes import act, close, gate, orient, record, think

log = logging.getLogger(__name__)

Step = Callable[[Desk], None]


def _on_call(decide: Callable[[Desk, ToolUse], None]) -> Step:
    """A step that is about the call that waits."""

    def step(desk: Desk) -> None:
        call = desk.view.pending_call()
        if call is None:
            raise LookupError(f"session {desk.view.id} has no call to decide")
        decide(desk, call)

    return step


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "orient": orient.orient,
        "think": think.think,
        "gate": _on_call(gate.gate),
        "act": _on_call(act.act),
        "record": record.record,
        "close": close.close,
    }
)
"""All but `ask`, at which a session parks."""


def following(desk: Desk) -> str:
    """The step that the journal says is next, `ask` included; raises `Stopped` where the session is to stop."""
    step = desk.view.next_step()
    log.debug("step", extra={"node": step})
    if step not in ("record", "close"):  # what was done is written down before a stop
        desk.stop.check()
    return step


def walk(desk: Desk) -> bool:
    """Take step after step, as the graph does, without LangGraph; False: the session waits for an approval."""
    while (name := following(desk)) != "ask":
        STEPS[name](desk)
        if name == "close":
            return True
    return False
