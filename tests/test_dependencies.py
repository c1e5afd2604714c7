"""What is imported is declared, and what is declared is imported: pyproject.toml says what the code needs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
OWN = {"agent", "tools", "tests"}
DISTRIBUTIONS = packages_distributions()
PROJECT: dict[str, Any] = tomllib.loads((TOP / "pyproject.toml").read_text())


def normal(requirement: str) -> str:
    """A distribution's name, as PEP 503 compares them."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def imported(*folders: str) -> Iterator[tuple[str, Path]]:
    """Each package of others that is imported there, with where; templates are code of others."""
    for file in (file for folder in folders for file in (TOP / folder).rglob("*.py")):
        if "templates" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            yield from ((name.partition(".")[0], file) for name in names)


def distributions(name: str) -> set[str]:
    """Whose package it is; none of Python's own."""
    own = name in sys.stdlib_module_names or name in OWN
    return set() if own else {normal(each) for each in DISTRIBUTIONS.get(name, [name])}


def undeclared(folders: tuple[str, ...], declared: set[str]) -> set[str]:
    found = ((name, file, distributions(name)) for name, file in imported(*folders))
    return {
        f"{name} in {file.relative_to(TOP)}" for name, file, owners in found if owners and not owners & declared
    }


def test_what_is_imported_is_declared_and_nothing_else() -> None:
    runtime = {normal(each) for each in PROJECT["project"]["dependencies"]}
    extras = {normal(each) for extra in PROJECT["project"]["optional-dependencies"].values() for each in extra}
    assert undeclared(("agent", "tools"), runtime | extras) == set()
    used = {owner for name, _ in imported("agent", "tools") for owner in distributions(name)}
    assert runtime - used == set()
    development = {normal(each) for each in PROJECT["dependency-groups"]["dev"]}
    assert undeclared(("tests",), runtime | extras | development) == set()


def test_the_tools_are_listed_without_the_sdks_of_extras() -> None:
    hidden = ("azure", "boto3", "botocore", "mcp", "psycopg", "slack_sdk")
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({hidden!r}))\n"
        "import agent.app, agent.session.graph, agent.session.run, tools.catalog\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
