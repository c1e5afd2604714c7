"""Settings: flags beat DESK_* variables, which beat desk.yaml in the workspace, which beats these defaults.

The command line merges the four; here they are checked. Each field states its unit and why its default is so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import UsageError

ModelName = Literal["playbook"]
Output = Literal["text", "json", "jsonl"]


class Settings(BaseModel):
    """What one process of Desk runs with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: Annotated[
        Path,
        Field(description="Git repository that holds the journal and the files; the folder one stands in."),
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
        ModelName,
        Field(description="Who plans: playbook, the deterministic one, needs no key and no network."),
    ] = "playbook"
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


def load(given: dict[str, Any]) -> Settings:
    """Check merged settings; raises `UsageError` that names each one that is wrong."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise UsageError(
            f"Wrong settings: {faults}. They come from flags, DESK_* variables or desk.yaml in the workspace."
        ) from error
