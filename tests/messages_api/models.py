"""What the models take, and what they take it for when a request does not say.

https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting, the table of rejected
configurations; https://platform.claude.com/docs/en/build-with-claude/effort, the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.messages_api.refusal import Refused
from tools.json import Json

MAX_OUTPUT_TOKENS = 128_000

_INSTEAD = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
_BETWEEN_TOOLS = (
    'To turn thinking off on this model, send "thinking": {"type": "between_tools"} instead of '
    '{"type": "disabled"}. The model does not think before responding. The short updates it writes between tool '
    "calls come back as thinking blocks."
)


@dataclass(frozen=True)
class Model:
    """A model: its thinking types, its way to turn thinking off, and whose thinking blocks it reads."""

    thinking: tuple[str, ...]
    effort: str
    reads: tuple[str, ...]
    forced_tools: bool = False

    def info(self, name: str, window_tokens: int) -> Json:
        """What `GET /v1/models/{model_id}` answers: https://platform.claude.com/docs/en/api/models/retrieve."""
        return {
            "id": name,
            "type": "model",
            "display_name": name.replace("-", " ").title(),
            "created_at": "2026-09-01T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": window_tokens,
            "max_tokens": MAX_OUTPUT_TOKENS,
        }


MODELS = {
    "claude-opus-5-5": Model(("adaptive",), "medium", ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")),
    "claude-sonnet-5-5": Model(("adaptive", "between_tools"), "high", ("claude-sonnet-5-5", "claude-haiku-5-5")),
    "claude-haiku-5-5": Model(("adaptive", "disabled"), "medium", ("claude-haiku-5-5",), forced_tools=True),
}


def thinking_type(body: Json) -> str:
    """`adaptive` unless the request says otherwise."""
    return str((body.get("thinking") or {}).get("type", "adaptive"))


def effort(body: Json) -> str:
    """The effort of the request, or the model's default."""
    return (body.get("output_config") or {}).get("effort") or MODELS[body["model"]].effort


def thinking_shown(body: Json) -> bool:
    """Whether thinking comes back with its text: 5.5 models omit it unless `display` asks for it."""
    return thinking_type(body) != "adaptive" or (body.get("thinking") or {}).get("display") == "summarized"


def check_model(body: Json) -> None:
    """Raises `Refused` if the model is unknown."""
    if "model" not in body:
        raise Refused("model: Field required")
    if str(body["model"]) not in MODELS:
        raise Refused(f"model: {body['model']}", 404)


def check_sampling(body: Json) -> None:
    """Raises `Refused` for a sampling parameter: the models do not support them any more."""
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            raise Refused(f"`{name}` is deprecated for this model.")


def check_settings(body: Json) -> None:
    """Raises `Refused` for a thinking type, an effort, a tool choice or a limit that the model does not take."""
    _check_thinking(body)
    _check_tool_choice(body)
    _check_max_tokens(body)


def _check_thinking(body: Json) -> None:
    model, kind = MODELS[body["model"]], thinking_type(body)
    if kind == "disabled" and "between_tools" in model.thinking:
        raise Refused(f"thinking: {_BETWEEN_TOOLS}")
    if kind not in model.thinking:
        instead = "" if kind == "between_tools" else f" {_INSTEAD}"
        raise Refused(f'"thinking.type.{kind}" is not supported for this model.{instead}')
    if kind != "adaptive" and effort(body) in ("xhigh", "max"):
        level = f"output_config.effort '{effort(body)}'"
        hint = "Use effort 'high' or below, or enable thinking."
        raise Refused(f"{level} is not supported when thinking is disabled on this model. {hint}")


def _check_tool_choice(body: Json) -> None:
    choice = (body.get("tool_choice") or {}).get("type")
    if choice and not body.get("tools"):
        raise Refused("tool_choice: tool_choice may only be specified while providing tools")
    if choice not in ("any", "tool"):
        return
    if not MODELS[body["model"]].forced_tools:
        raise Refused('tool_choice: type "tool" and "any" are not supported for this model.')
    if thinking_type(body) != "disabled":
        raise Refused("tool_choice: Thinking may not be enabled when tool_choice forces tool use.")


def _check_max_tokens(body: Json) -> None:
    asked = body["max_tokens"]
    if asked < 1:
        raise Refused("max_tokens: Input should be greater than or equal to 1")
    if asked > MAX_OUTPUT_TOKENS:
        limit = f"which is the maximum allowed number of output tokens for {body['model']}"
        raise Refused(f"max_tokens: {asked} > {MAX_OUTPUT_TOKENS}, {limit}")
