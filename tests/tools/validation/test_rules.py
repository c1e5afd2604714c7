"""Every rule, by the table of bad manifests: it is found where it must be, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast, get_args

import pytest

from agent.redaction import Redactor
from tools.checks import Check
from tools.json import Json
from tools.validation.reading import read
from tools.validation.rules import RULES
from tools.validation.validate import Against, Validation, validate

HERE = Path(__file__).parent
WELL = {
    "pod": """
        automountServiceAccountToken: false
        securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
    """,
    "secure": """
        securityContext:
          {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    """,
    "resources": "resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 128Mi}}",
    "container": """
        image: registry.example.com/shop/web:1.2.3
        +secure
        +resources
    """,
    "spread": """
        topologySpreadConstraints:
          - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway}
    """,
}
"""What a well-made manifest has there."""


def expanded(text: str) -> str:
    """A case with what stands for well-made parts written out."""
    while found := re.search(r"^( *)\+(\w+)$", text, re.MULTILINE):
        part = [line for line in WELL[found[2]].split("\n") if line.strip()]
        least = min(len(line) - len(line.lstrip()) for line in part)
        lines = "\n".join(f"{found[1]}{line[least:]}" for line in part)
        text = text[: found.start()] + lines + text[found.end() :]
    return text


def cases() -> dict[str, str]:
    """The cases of the table, by their titles."""
    _, *parts = (HERE / "bad.txt").read_text().split("\n=== ")
    return {part.partition("\n")[0]: expanded(part.partition("\n")[2]) for part in parts}


def marked(text: str) -> list[tuple[int, str]]:
    """What must be found: line and rule."""
    lines = enumerate(text.splitlines(), 1)
    return sorted(
        (number, name.strip())
        for number, line in lines
        for name in (line.partition("# <- ")[2].split(",") if "# <- " in line else ())
    )


def masked(value: Json) -> Json:
    """As the redactor masks it."""
    return cast("Json", Redactor().redact(value))


def judged(text: str, against: Against | None = None) -> Validation:
    """A text as it came from standard input."""
    return validate(read("-", text), against or Against(mask=masked))


def found(validation: Validation) -> list[tuple[int, str]]:
    """Line and rule of each finding."""
    return sorted((each.fault.mark.line, each.rule.name) for each in validation.found)


@pytest.mark.parametrize("title", cases())
def test_what_is_marked_is_found_and_nothing_else(title: str) -> None:
    text = cases()[title]
    assert found(judged(text)) == marked(text)


def test_each_rule_has_a_case() -> None:
    named = {name for text in cases().values() for _, name in marked(text)}
    assert {rule.name for rule in RULES} - named == {"ServerRefuses"}  # the cluster's: test_server.py


def test_the_vocabulary_is_that_of_the_rules() -> None:
    assert sorted(get_args(Check)) == sorted(rule.name for rule in RULES)
