"""The words for the model agree with the code."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from agent.context.tokens import estimate
from agent.model.claude.schema import tools_of
from agent.model.port import ToolSpec
from agent.model.prompts import system_prompt
from agent.session.endings import ENDINGS
from agent.workspace.files import AGENT
from tools.catalog import TOOLS

PROMPTS = Path(__file__).parents[1] / "prompts"


def test_the_persona_s_front_matter_names_the_agent_of_the_workspace() -> None:
    _, front, _ = (PROMPTS / "SOUL.md").read_text().split("---\n", 2)
    matter = yaml.safe_load(front)
    assert f"{matter['agent_id']} ({matter['name']})" == AGENT
    assert matter["session_key"] == "agent:platform:developer-experience"
    assert matter["role"]


def test_every_agent_that_can_be_referred_to_is_introduced() -> None:
    soul = (PROMPTS / "SOUL.md").read_text()
    refer = next(tool for tool in ENDINGS if tool.name == "refer")
    agents = refer.schema["properties"]["agent"]["enum"]
    assert sorted(agents) == ["Atlas", "Flow", "Shield"]
    assert all(f"| {agent} |" in soul for agent in agents)


def test_the_protocol_names_the_tools_that_end_a_session() -> None:
    protocol = (PROMPTS / "protocol.md").read_text()
    assert all(f"`{tool.name}`" in protocol for tool in ENDINGS)


def test_they_are_short_enough_to_be_sent_each_time() -> None:
    specs = [ToolSpec(tool.name, tool.description, tool.schema) for tool in (*TOOLS, *ENDINGS)]
    sent = [tool for tool in tools_of(specs) if not tool.get("defer_loading")]
    assert estimate(system_prompt()) < 1_600
    assert estimate(json.dumps(sent)) < 3_000
