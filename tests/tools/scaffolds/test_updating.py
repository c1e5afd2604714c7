"""A newer template merged into an application: edits stay, conflicts are marked, nothing is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.tools.scaffolds.made import made
from tools.errors import ToolFailed
from tools.scaffolds import updating
from tools.scaffolds.answers import Answers
from tools.scaffolds.portal import portal
from tools.scaffolds.scaffold import MEMORY, VERSION, Scaffold
from tools.scaffolds.updating import Updated, updated

Newer = Callable[[Mapping[str, str | None]], None]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """An application as it was made, in git."""
    for path, text in made(language="go").with_memory().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    commit(tmp_path)
    return tmp_path


def commit(folder: Path) -> None:
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "made"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Newer:
    """Let the templates give these texts; None: the file is no part of them any more."""

    def gives(changes: Mapping[str, str | None]) -> None:
        def scaffold(answers: Answers) -> Scaffold:
            now = {**made(**answers.as_document()).files, **changes}
            return replace(made(**answers.as_document()), files={p: t for p, t in now.items() if t is not None})

        monkeypatch.setattr(updating, "scaffold", scaffold)

    return gives


def write_all(folder: Path, done: Updated) -> None:
    for path, content in done.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def test_what_is_as_new_already_is_left(shop: Path) -> None:
    (shop / "api.go").write_text("package main\n")
    assert updated(shop).files == {}


def test_edits_are_kept_conflicts_marked_and_nothing_lost(shop: Path, newer: Newer) -> None:
    was = {path: (shop / path).read_text() for path in ("config.go", "http.go", "Dockerfile", "README.md")}
    (shop / "config.go").write_text(was["config.go"] + "\n// ours\n")
    (shop / "http.go").write_text(was["http.go"].replace("10 * time.Second", "9 * time.Second") + "\n// ours\n")
    (shop / "README.md").write_text(was["README.md"].replace("# shop", "# Our shop"))
    (shop / "mkdocs.yml").unlink()
    newer(
        {
            "config.go": "// newer\n" + was["config.go"],
            "Dockerfile": was["Dockerfile"] + "# newer\n",
            "README.md": was["README.md"].replace("# shop", "# The shop"),
            "new.go": "package main\n",
            "catalog-info.yaml": None,
            "mkdocs.yml": "site_name: newer\n",
        }
    )
    done = updated(shop)
    assert set(done.files) == {"config.go", "Dockerfile", "README.md", "new.go", MEMORY}
    merged = done.files["config.go"].decode()
    assert merged == "// newer\n" + was["config.go"] + "\n// ours\n"
    assert done.files["Dockerfile"].decode() == was["Dockerfile"] + "# newer\n"
    assert "<<<<<<< yours\n# Our shop\n=======\n# The shop\n>>>>>>> template\n" in done.files["README.md"].decode()
    assert any(remark.startswith("README.md has 1 conflict") for remark in done.remarks)
    assert any(remark.startswith("catalog-info.yaml is no part") for remark in done.remarks)
    write_all(shop, done)
    assert updated(shop).files == {}  # what was merged is not merged again


def test_without_its_history_more_is_marked_and_nothing_is_lost(shop: Path, newer: Newer) -> None:
    subprocess.run(["rm", "-rf", str(shop / ".git")], check=True)
    was = (shop / "config.go").read_text()
    (shop / "config.go").write_text(was + "\n// ours\n")
    newer({"config.go": "// newer\n" + was, "http.go": "package main\n"})
    done = updated(shop)
    assert done.files["http.go"] == b"package main\n"  # it is as it was made: its blob says so
    merged = done.files["config.go"].decode()
    assert "// ours" in merged
    assert "// newer" in merged
    assert merged.count("package main") == 1


def test_a_scaffold_of_the_portal_has_no_blobs_and_is_as_new(shop: Path) -> None:
    memory = yaml.safe_load((shop / MEMORY).read_text())
    del memory["files"]
    (shop / MEMORY).write_text(yaml.safe_dump(memory))
    (shop / "api.go").write_text("package main\n")
    assert set(updated(shop).files) == {MEMORY}
    assert "files:" not in portal(made().answers)[f"skeleton/{MEMORY}"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "has no .desk-scaffold.yaml"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("template: 1\nanswers: {app: ../x}\n", "small letters"),
        (f"template: {VERSION + 1}\nanswers: {{app: shop}}\n", "newer Desk"),
        ("template: x\nanswers: {app: shop}\n", "cannot be read"),
    ],
)
def test_a_memory_that_is_none_is_told(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / MEMORY).write_text(text)
    with pytest.raises(ToolFailed, match=why):
        updated(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ([] if text is None else [MEMORY])


def test_a_link_is_not_followed(shop: Path, newer: Newer) -> None:
    (shop / "config.go").unlink()
    (shop / "config.go").symlink_to("/etc/passwd")
    with pytest.raises(ToolFailed, match="link"):
        updated(shop)
