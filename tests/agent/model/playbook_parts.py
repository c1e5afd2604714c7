"""What Playbook is asked with in these tests: the real tools, and the sandbox's namespaces."""

from __future__ import annotations

from agent.endings import ENDINGS
from agent.model.port import Context, Conversation, Message, ToolSpec
from tools.catalog import TOOLS

NAMESPACES = ("kube-system", "default", "shop-dev", "shop-staging", "shop-prod")
HERE = Context("shop-dev", NAMESPACES)
SPECS = tuple(ToolSpec(tool.name, tool.description, tool.schema, tool.phrases) for tool in (*TOOLS, *ENDINGS))


def asked(task: str, *messages: Message, context: Context = HERE) -> Conversation:
    """The conversation of a task, so far."""
    return Conversation(task, context, SPECS, messages)
