"""The tools that make and update applications."""

from __future__ import annotations

from tools.frame import Tool
from tools.risk import Risk
from tools.scaffolds.tool import template_app, update_scaffold

TOOLS: tuple[Tool, ...] = (
    Tool(template_app, Risk.RENDER, offline=True),
    Tool(update_scaffold, Risk.RENDER, offline=True),
)
