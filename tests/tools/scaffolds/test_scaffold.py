"""The files of a scaffold: complete, in good order, and without a secret."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agent.redaction import Redactor
from tests.tools.scaffolds.made import GOLDEN, every, files_of, made, said, write
from tools.scaffolds.answers import Answers, answered
from tools.scaffolds.scaffold import MEMORY, VERSION, blob_of

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
_HASHES = re.compile(r"(sha256:|sha512-|h1:)[A-Za-z0-9+/=]+|^  - [0-9a-f]{40} .*", re.MULTILINE)


@pytest.mark.parametrize("kind", ["web-api", "worker", "cronjob"])
def test_the_files_are_those_of_the_golden_list(kind: str) -> None:
    listed = {
        said(answers): sorted(files_of(answers))
        for answers in every()
        if answers.type == kind and answers.database in ("none", "postgres")
    }
    golden = GOLDEN / f"files-{kind}.yaml"
    assert listed == yaml.safe_load(golden.read_text()), f"if it is meant, write it: python -m {__name__} {kind}"


@pytest.mark.parametrize("answers", every(), ids=said)
def test_every_file_is_in_good_order(answers: Answers) -> None:
    for path, text in files_of(answers).items():
        assert not re.search(r"[«»]|[ \t]$|\n\n\n\n|^(#|//|--)% |<!--%", text, re.MULTILINE), path
        assert re.search(r"[^\n]\n\Z", text), path
        assert not text.startswith("\n"), path


@pytest.mark.parametrize("answers", every(), ids=said)
def test_no_file_holds_a_secret(answers: Answers) -> None:
    redactor = Redactor()
    for path, text in files_of(answers).items():
        assert redactor.line_of_secret(text.encode()) is None, path
        for found in _BASE64.finditer(_HASHES.sub("", text).encode()):
            decoded = base64.b64decode(found[0][: len(found[0]) // 4 * 4])
            assert not decoded.isascii() or redactor.line_of_secret(decoded) is None, (path, found[0])


def test_it_remembers_what_it_was_made_from() -> None:
    shop = made(language="go", database="mysql", port=9000)
    remembered = yaml.safe_load(shop.memory())
    assert (remembered["template"], answered(remembered["answers"])) == (VERSION, shop.answers)
    assert dict(reversed(each.split(" ", 1)) for each in remembered["files"]) == {
        path: blob_of(text.encode()) for path, text in shop.files.items()
    }
    done = subprocess.run(
        ["git", "hash-object", "--stdin"], input=shop.files["go.mod"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == blob_of(shop.files["go.mod"].encode())


def test_the_seeds_tree_is_there() -> None:
    files = made(database="postgres").with_memory()
    tree = {"kustomization", "deployment", "service", "serviceaccount", "hpa", "networkpolicy"}
    assert {f"k8s/base/{name}.yaml" for name in tree} <= files.keys()
    assert {f"k8s/overlays/{name}/kustomization.yaml" for name in ("dev", "staging", "production")} <= files.keys()
    assert {"Dockerfile", ".dockerignore", "README.md", ".editorconfig", "catalog-info.yaml"} <= files.keys()
    assert MEMORY in files


def test_python_is_as_ruff_and_its_own_settings_want_it(tmp_path: Path) -> None:
    for answers in every("python"):
        write(tmp_path / said(answers), answers)
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        ruff = [str(Path(sys.executable).with_name("ruff")), *command, str(tmp_path)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


if __name__ == "__main__":
    for kind in sys.argv[1:]:
        listed = {
            said(answers): sorted(files_of(answers))
            for answers in every()
            if answers.type == kind and answers.database in ("none", "postgres")
        }
        (GOLDEN / f"files-{kind}.yaml").write_text(yaml.safe_dump(listed, sort_keys=True))
