"""The templates' texts: each is valid in its own language as it stands, and braces of others survive."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from tools.scaffolds import templates
from tools.scaffolds.templates import TEMPLATES, rendered


def of(*suffixes: str) -> Iterator[Path]:
    return (path for path in sorted(TEMPLATES.rglob("*")) if path.suffix in suffixes and path.is_file())


def test_as_they_stand_they_are_python_yaml_json_toml_and_xml() -> None:
    for path in of(".py"):
        ast.parse(path.read_text(), str(path))
    for path in of(".yaml", ".yml"):
        list(yaml.compose_all(path.read_text()))
    for path in of(".json"):
        json.loads(path.read_text())
    for path in of(".toml"):
        tomllib.loads(path.read_text())
    for path in of(".xml"):
        ElementTree.fromstring(path.read_text())
    assert len(list(of(".py"))) > 10


@pytest.mark.skipif(not shutil.which("gofmt"), reason="there is no Go")
def test_as_they_stand_they_are_go() -> None:
    files = list(map(str, of(".go")))
    done = subprocess.run(["gofmt", "-e", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node.js")
def test_as_they_stand_they_are_javascript() -> None:
    """But that both branches of a condition may declare one name."""
    script = """
        const { SourceTextModule } = require("vm");
        for (const [path, text] of Object.entries(JSON.parse(require("fs").readFileSync(0, "utf8")))) {
          try {
            new SourceTextModule(text);
          } catch (error) {
            if (!error.message.includes("already been declared")) console.log(path, error.message);
          }
        }"""
    texts = {str(path): path.read_text().replace("«", "(").replace("»", ")") for path in of(".js")}
    command = ["node", "--no-warnings", "--experimental-vm-modules", "-e", script]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
    assert done.stdout == ""


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(templates, "TEMPLATES", tmp_path)
    (tmp_path / "layer").mkdir()
    return tmp_path / "layer"


def one(layer: Path, name: str, text: str, **values: object) -> str:
    (layer / name).write_text(text)
    return rendered(["layer"], values)[name]


def test_braces_of_others_survive(layer: Path) -> None:
    text = 'a: ${{ secrets.TOKEN }} {{ .Values.x | quote }} {% raw %} {# no #} "${x#y}" [[ -n $x ]] $(tasks.a.b)\n'
    assert one(layer, "ci.yaml", text) == text
    assert one(layer, "ci.yaml", text + "b: «app»\n", app="shop") == text + "b: shop\n"


def test_statements_take_their_own_line_alone(layer: Path) -> None:
    text = "a\n\n    #% if x\n\n    b\n    #% else\n    c\n    #% endif\n\nd\n"
    assert one(layer, "a.py", text, x=True) == "a\n\n\n    b\n\nd\n"
    assert one(layer, "a.py", text, x=False) == "a\n\n    c\n\nd\n"
    assert one(layer, "a.md", "A<!--% if x %--> b<!--% endif %-->.\n", x=False) == "A.\n"
    assert one(layer, "a.md", "<!--% if x %-->\nb\n<!--% endif %-->\nc\n", x=True) == "b\nc\n"


def test_what_is_not_there_is_an_error_and_nothing_is_reached_from_a_value(layer: Path) -> None:
    with pytest.raises(UndefinedError):
        one(layer, "a.py", "«nobody»")
    with pytest.raises(SecurityError):
        one(layer, "a.py", "«app.__class__.__mro__»", app="shop")
    assert one(layer, "a.py", "«app»\n", app="«port» #% if x") == "«port» #% if x\n"


def test_what_tools_leave_beside_templates_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for left in ("layer/.ruff_cache/0.17/1", "layer/app/__pycache__/app.cpython-311.pyc", "layer/.mypy_cache/x"):
        (tmp_path / left).parent.mkdir(parents=True)
        (tmp_path / left).write_bytes(b"\x89\x00")
    (tmp_path / "layer/app/main.py").write_text("app = 1\n")
    monkeypatch.setattr(templates, "TEMPLATES", tmp_path)
    assert templates.rendered(["layer"], {}) == {"app/main.py": "app = 1\n"}


def test_without_a_place_for_what_is_compiled_it_is_compiled_each_time(
    layer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(layer / "nowhere"))
    templates._environment.cache_clear()
    try:
        assert templates._environment().bytecode_cache is None
        assert one(layer, "a.py", "«app»\n", app="shop") == "shop\n"
    finally:
        templates._environment.cache_clear()
