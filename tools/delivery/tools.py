"""The tools of deliveries, in one list."""

from __future__ import annotations

from tools.delivery.applications import refresh_app, sync_app
from tools.delivery.builders import rerun_pipeline, set_build_secret, unpause_delivery
from tools.delivery.debug_pipeline import debug_pipeline
from tools.delivery.why_not_live import why_not_live
from tools.frame import Tool
from tools.risk import Risk

READING: tuple[Tool, ...] = (
    Tool(why_not_live, Risk.READ, "Name the application's namespace."),
    Tool(debug_pipeline, Risk.READ, "Name one application or run."),
)
CHANGING: tuple[Tool, ...] = (
    Tool(sync_app, Risk.CHANGE),
    Tool(refresh_app, Risk.CHANGE),
    Tool(rerun_pipeline, Risk.CHANGE),
    Tool(unpause_delivery, Risk.CHANGE),
    Tool(set_build_secret, Risk.CHANGE),
)
