"""The tools that make an application's manifests, and the one by which an applied one is waited for."""

from __future__ import annotations

from tools.frame import Tool
from tools.kubernetes.rollouts.wait import wait_for_rollout
from tools.manifests.tool import apply_application, generate_manifest
from tools.risk import Risk

TOOLS: tuple[Tool, ...] = (
    Tool(wait_for_rollout, Risk.READ),
    Tool(generate_manifest, Risk.RENDER, offline=True),
    Tool(apply_application, Risk.CHANGE),
)
