"""Settings: flags beat DESK_* variables, which beat desk.yaml in the workspace, which beats these defaults.

The command line merges the four; here they are checked. Each field states its unit and why its default is so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.errors import UsageError
from agent.model.claude.price import parse_price

PLAYBOOK = "playbook"
CLAUDE = "claude-sonnet-5-5"
Output = Literal["text", "json", "jsonl"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]


class Settings(BaseModel):
    """What one process of Desk runs with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: Annotated[
        Path,
        Field(
            description="Workspace, as `desk init` makes it; the folder one stands in, or the nearest above that "
            "is one, as git finds its repository."
        ),
    ] = Path()
    kubeconfig: Annotated[
        str | None,
        Field(description="Kubeconfig file; as kubectl finds it, so that both mean the same cluster."),
    ] = None
    context: Annotated[
        str | None, Field(description="Context of the kubeconfig; its current one, as kubectl has it.")
    ] = None
    namespace: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            max_length=63,
            description="Namespace when the task does not say one; that of the context, as kubectl has it.",
        ),
    ] = None
    output: Annotated[Output, Field(description="text for people, json or jsonl for programs.")] = "text"
    model: Annotated[
        str | None,
        Field(
            pattern=r"^(playbook|[\w.:/@-]*claude[\w.:/@-]*)$",
            max_length=200,
            description="Who thinks: claude (claude-sonnet-5-5), another Claude's name, or playbook, which needs "
            "no key and no network; claude where there is a key, else playbook.",
        ),
    ] = None
    base_url: Annotated[
        str,
        Field(
            pattern=r"^https?://\S+$",
            description="Where the Messages API is: Anthropic's own, a gateway, or a server for tests.",
        ),
    ] = "https://api.anthropic.com"
    api_key_file: Annotated[
        Path | None,
        Field(description="File that holds the key; ANTHROPIC_API_KEY, so that no key stands in a settings file."),
    ] = None
    effort: Annotated[
        Effort | None,
        Field(description="How much the model puts into a turn, of low to max; as the model itself has it."),
    ] = None
    window_tokens: Annotated[
        int,
        Field(
            ge=10_000,
            description="Tokens of the model's context window; at 80 % the session is handed over. A million is "
            "what Claude Sonnet 5.5 has.",
        ),
    ] = 1_000_000
    max_tokens: Annotated[
        int,
        Field(
            ge=256,
            le=128_000,
            description="Tokens a turn may have, thinking included; 32,000 is room to think, and ends a ramble.",
        ),
    ] = 32_000
    model_timeout_s: Annotated[
        float,
        Field(
            gt=0, le=3600, description="Seconds of silence of the model; 60: a live stream says something sooner."
        ),
    ] = 60.0
    model_patience_s: Annotated[
        float,
        Field(
            ge=0,
            le=86_400,
            description="Seconds to wait in all for one turn when the model asks to come back; 300 outlasts a rush "
            "hour, and a session that waits longer is better resumed.",
        ),
    ] = 300.0
    price: Annotated[
        str | None,
        Field(
            description="US dollars for a million tokens: input,output,cache write,cache read; known for Claude "
            "Sonnet 5.5 and Opus 5.5, and without a price the cost is not told.",
        ),
    ] = None
    max_turns: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Turns of the model in one session; 50 is far above what a task takes, and ends a loop.",
        ),
    ] = 50
    api_timeout_s: Annotated[
        float,
        Field(
            gt=0,
            le=600,
            description="Seconds to wait for one answer of the API server; 30 outlasts a slow one, not a dead one.",
        ),
    ] = 30.0

    @field_validator("price")
    @classmethod
    def _four_numbers(cls, value: str | None) -> str | None:
        if value is not None:
            parse_price(value)
        return value


def load(given: dict[str, Any]) -> Settings:
    """Check merged settings; raises `UsageError` that names each one that is wrong."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise UsageError(
            f"Wrong settings: {faults}. They come from flags, DESK_* variables or desk.yaml in the workspace."
        ) from error
