"""What Playbook is asked with in these tests: the real tools, and the sandbox's namespaces."""

from __future__ import annotations

from pathlib import Path

from agent.journal.view import SessionView
from agent.model.port import Context, Conversation, Message, ToolSpec
from agent.session.endings import ENDINGS
from agent.session.rollback import undo_last_tool
from tools.catalog import TOOLS

NAMESPACES = ("kube-system", "default", "shop-dev", "shop-staging", "shop-prod", "tools-dev")
DEPLOYMENTS = (
    *("web", "checkout", "payments", "catalog", "search", "cart", "canary", "kyverno", "compliance-scanner"),
    *("etcd", "audit-policy", "node-exporter", "fix-gateway"),
)
NAMES = {
    place: {"Deployment": DEPLOYMENTS, "Service": ("web",), "Pod": ("checkout-6d4cf56db6-abcde",)}
    for place in ("shop-dev", "shop-prod", "shop-staging")
}
HERE = Context("shop-dev", NAMESPACES, names=NAMES)
_TOOLS = (*TOOLS, undo_last_tool(SessionView("s"), Path()), *ENDINGS)
SPECS = tuple(ToolSpec(tool.name, tool.description, tool.schema) for tool in _TOOLS)


def asked(task: str, *messages: Message, context: Context = HERE) -> Conversation:
    """The conversation of a task, so far."""
    return Conversation(task, context, SPECS, messages)
