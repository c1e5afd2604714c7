"""A tool is a typed function: its schema, its words, and what it says to wrong arguments."""

import re
from typing import Annotated, Any, Literal, cast

import jsonschema
import pytest
from pydantic import Field

from tools.catalog import TOOLS
from tools.changes.plan import Plan
from tools.cluster.client import Cluster
from tools.errors import ArgumentsError, ToolError, ToolFailed
from tools.frame import (
    RESULT_LIMIT_CHARS,
    Name,
    Namespace,
    Result,
    Tool,
    ToolContext,
    cap,
)
from tools.intents import INTENTS
from tools.risk import Risk

CONTEXT = ToolContext(cast("Cluster", None))


def look_(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name | None = None,
    kind: Annotated[Literal["Pod", "Job"], Field(description="Kind.")] = "Pod",
    lines: Annotated[int, Field(ge=1, le=9, description="How many lines.")] = 3,
) -> Result:
    """Look at something.

    More words.
    """
    return Result(f"{namespace}/{name} {kind} {lines}", {"lines": lines}, ok=False)


def shout(context: ToolContext, *, length: int) -> Result:
    return Result("a" * length + "z" * length, {"length": length}, ok=False)


def plan(context: ToolContext) -> Plan:
    """Plan nothing."""
    return Plan("x" * 2 * RESULT_LIMIT_CHARS, ())


LOOK = Tool(look_, Risk.READ, "Look at less.")


def test_name_and_words_are_the_functions() -> None:
    assert LOOK.name == "look"
    assert LOOK.description.startswith("Look at something.\n\nMore words.")
    assert Tool(shout, Risk.READ).description == ""


def test_the_schema_is_the_signatures() -> None:
    schema = LOOK.schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["type"], schema["additionalProperties"], schema["required"]) == ("object", False, ["namespace"])
    properties = schema["properties"]
    assert list(properties) == ["namespace", "name", "kind", "lines"]
    assert properties["kind"] == {
        "default": "Pod",
        "description": "Kind.",
        "enum": ["Pod", "Job"],
        "type": "string",
    }
    assert properties["lines"] == {
        "default": 3, "description": "How many lines.", "minimum": 1, "maximum": 9, "type": "integer",
    }  # fmt: skip
    assert properties["namespace"]["maxLength"] == 63
    assert properties["name"]["default"] is None


def test_a_tool_without_arguments_has_a_schema() -> None:
    assert Tool(plan, Risk.CHANGE).schema == {"additionalProperties": False, "properties": {}, "type": "object"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "look: namespace: Field required. Mend the arguments and call again; `desk tools look` shows them."),
        ({"namespace": "x", "nmae": "y"}, "nmae: Extra inputs are not permitted"),
        ({"namespace": "x", "context": None}, "context: Extra inputs are not permitted"),
        ({"namespace": "X"}, "namespace: String should match pattern"),
        ({"namespace": "a/b"}, "namespace: String should match pattern"),
        ({"namespace": "a\n"}, "namespace: String should match pattern"),
        ({"namespace": ".."}, "namespace: String should match pattern"),
        ({"namespace": ""}, "namespace: String should have at least 1 character"),
        ({"namespace": "a" * 64}, "namespace: String should have at most 63 characters"),
        ({"namespace": 3}, "namespace: Input should be a valid string"),
        ({"namespace": None}, "namespace: Input should be a valid string"),
        ({"namespace": "x", "name": "../y"}, "name: String should match pattern"),
        ({"namespace": "x", "kind": "Secret"}, "kind: Input should be 'Pod' or 'Job'"),
        ({"namespace": "x", "lines": 10}, "lines: Input should be less than or equal to 9"),
        ({"namespace": "x", "lines": "many"}, "lines: Input should be a valid integer"),
        ({"lines": 0, "kind": 1}, "namespace: Field required; kind: Input should be 'Pod' or 'Job'; lines: Input"),
    ],
)
def test_wrong_arguments_are_told_so_that_they_can_be_mended(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentsError) as caught:
        LOOK(CONTEXT, arguments)
    assert said in str(caught.value)
    assert "https://errors.pydantic.dev" not in str(caught.value)


def test_mend_and_failed_are_different_errors() -> None:
    assert not issubclass(ArgumentsError, ToolFailed)
    assert not issubclass(ToolFailed, ArgumentsError)
    assert issubclass(ArgumentsError, ToolError)
    assert issubclass(ToolFailed, ToolError)


def test_defaults_are_filled_in() -> None:
    assert LOOK.check({"namespace": "x"}) == {"namespace": "x", "name": None, "kind": "Pod", "lines": 3}
    assert LOOK(CONTEXT, {"namespace": "x", "lines": "4"}) == Result("x/None Pod 4", {"lines": 4}, ok=False)


@pytest.mark.parametrize("length", [RESULT_LIMIT_CHARS // 2 - 1, RESULT_LIMIT_CHARS // 2])
def test_a_result_that_fits_is_left_alone(length: int) -> None:
    outcome = Tool(shout, Risk.READ)(CONTEXT, {"length": length})
    assert isinstance(outcome, Result)
    assert len(outcome.text) == 2 * length


def test_a_long_result_is_cut_in_its_middle_and_says_how_to_narrow() -> None:
    outcome = Tool(shout, Risk.READ, "Shout less.")(CONTEXT, {"length": RESULT_LIMIT_CHARS})
    half, note = RESULT_LIMIT_CHARS // 2, f"\n[... {RESULT_LIMIT_CHARS} characters left out. Shout less.]\n"
    assert isinstance(outcome, Result)
    assert outcome.text == "a" * half + note + "z" * half
    assert (outcome.data, outcome.ok) == ({"length": RESULT_LIMIT_CHARS}, False)
    assert outcome.whole == "a" * RESULT_LIMIT_CHARS + "z" * RESULT_LIMIT_CHARS


def test_a_plan_is_never_cut() -> None:
    outcome = Tool(plan, Risk.CHANGE)(CONTEXT, {})
    assert isinstance(outcome, Plan)
    assert len(outcome.summary) == 2 * RESULT_LIMIT_CHARS


def test_nothing_is_cut_from_a_text_of_the_limit() -> None:
    assert cap("x" * RESULT_LIMIT_CHARS, "Less.") == "x" * RESULT_LIMIT_CHARS
    assert "[... 1 characters left out. Less.]" in cap("x" * (RESULT_LIMIT_CHARS + 1), "Less.")


# --- the catalog -----------------------------------------------------------------------------------------

EVERY_TOOL = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


def test_names_are_unique() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)


@EVERY_TOOL
def test_every_tool_says_what_it_does(tool: Tool) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", tool.name)
    assert tool.description.splitlines()[0].endswith(".")
    assert tool.narrow.endswith(".")


@EVERY_TOOL
def test_every_tool_has_a_schema_with_every_argument_described(tool: Tool) -> None:
    schema = tool.schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    for name, described in schema["properties"].items():
        inside = [described, *described.get("anyOf", ())]
        assert any(each.get("description") for each in inside), f"{tool.name}.{name} has no description"


@EVERY_TOOL
def test_every_intent_speaks_of_arguments_there_are(tool: Tool) -> None:
    if tool.name in (
        "diagnose",
        "wait_until_mended",
    ):  # a complaint asks for the one; Playbook itself for the other
        return
    for way in INTENTS[tool.name].ways:
        said = set(re.findall(r"(?<!\{)\{(\w+)\}", way.words + way.command)) | set(way.fixed)
        slots = {slot.argument for slot in way.slots if slot.argument and slot.sort != "login"}
        assert said | slots <= {*tool.schema["properties"], "kind", "namespace"}, way.words


@EVERY_TOOL
def test_every_tool_refuses_what_it_does_not_know(tool: Tool) -> None:
    with pytest.raises(ArgumentsError, match="surprise: Extra inputs are not permitted"):
        tool.check({"surprise": 1})
