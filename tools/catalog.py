"""Every tool of Desk, in one list."""

from __future__ import annotations

from tools.describe import describe
from tools.diagnose.tool import diagnose
from tools.frame import Risk, Tool
from tools.objects import delete, save_manifest
from tools.read import events, get, list_, logs, top
from tools.rollout import wait_for_rollout
from tools.workloads import restart, set_resources

TOOLS: tuple[Tool, ...] = (
    Tool(diagnose, Risk.READ, "Name one workload."),
    Tool(get, Risk.READ, "Describe it instead."),
    Tool(list_, Risk.READ, "Give a namespace or a label selector."),
    Tool(describe, Risk.READ, "Get only the events, or only the logs."),
    Tool(logs, Risk.READ, "Ask for fewer tail_lines."),
    Tool(events, Risk.READ, "Give the name of one object."),
    Tool(top, Risk.READ, "Give a smaller namespace."),
    Tool(wait_for_rollout, Risk.READ),
    Tool(set_resources, Risk.CHANGE),
    Tool(restart, Risk.CHANGE),
    Tool(delete, Risk.DELETE),
    Tool(save_manifest, Risk.RENDER),
)

RISKS: dict[str, str] = {tool.name: tool.risk.value for tool in TOOLS}
"""Each tool's class of risk."""
