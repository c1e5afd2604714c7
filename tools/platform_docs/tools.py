"""The tools that show and write the platform's documentation."""

from __future__ import annotations

from tools.frame import Tool
from tools.platform_docs.tool import docs, save_docs
from tools.risk import Risk

TOOLS: tuple[Tool, ...] = (
    Tool(docs, Risk.READ, "Ask for one topic."),
    Tool(save_docs, Risk.RENDER),
)
