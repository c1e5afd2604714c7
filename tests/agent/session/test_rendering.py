"""Files that a tool gives, through the loop: bytes as they are, asked where they replace another's, undone."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import Field

from agent.app import tools_of
from agent.journal import approvals
from agent.journal.events import FilesRendered, ToolIntent, ToolResult
from agent.journal.journal import Entry
from agent.session.context import Desk
from agent.session.rendering import plan_of
from agent.session.run import drive
from tests.agent.conftest import RunDesk
from tests.agent.session_bench import Bench, Scripted, Watcher, finish, use
from tools.catalog import TOOLS
from tools.errors import ToolFailed
from tools.frame import (
    File,
    Folder,
    Rendering,
    Tool,
    ToolContext,
)
from tools.risk import Risk

Files = tuple[File, ...]

CODE = b'password = os.environ["DB_PASSWORD"]\r\n\xff\x00no text\n'
SCAFFOLD: Files = (
    File("app/main.py", CODE),
    File("app/run.sh", b"#!/bin/sh\nexec app\n", 0o755),
    File(".github/workflows/ci.yaml", b"env:\n  TOKEN: ${{ secrets.TOKEN }}\n"),
)


class Killed(BaseException):
    """The process is gone."""


def scaffold_tool(files: Files) -> Tool:
    def scaffold(
        context: ToolContext,
        *,
        name: Annotated[str, Field(max_length=60)] = "shop",
        folder: Folder = "",
    ) -> Rendering:
        """Make the files of a new application."""
        return Rendering(f"scaffold {name}", files, folder)

    return Tool(scaffold, Risk.RENDER)


@pytest.fixture(autouse=True)
def in_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """An undo is decided as the change was: its tool has to be known."""
    monkeypatch.setattr("tools.catalog.TOOLS", (*TOOLS, scaffold_tool(())))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return (tmp_path / "outside").resolve()


def begin(bench: Bench, files: Files = SCAFFOLD, folder: str = "", **more: Any) -> Desk:
    arguments = {"folder": folder} if folder else {}
    model = Scripted([use("scaffold", **arguments)], finish())
    task = f"scaffold shop{f' in {folder}' if folder else ''}"
    return with_tool(bench.begin(model, task, **more), files)


def with_tool(desk: Desk, files: Files = SCAFFOLD) -> Desk:
    desk.tools = {"scaffold": scaffold_tool(files)}
    return desk


def resumed(bench: Bench, desk: Desk, files: Files = SCAFFOLD, folder: str = "") -> Desk:
    arguments = {"folder": folder} if folder else {}
    return with_tool(bench.resume(desk, Scripted([use("scaffold", **arguments)], finish())), files)


def approve(desk: Desk) -> None:
    (row,) = [row for key, row in desk.view.approvals.items() if key not in desk.view.decisions]
    approvals.decide(desk.journal, row.approval_id, "approved", "carol", "", datetime.now(UTC))


def undo(bench: Bench, sha: str, session: str = "20250131-093005-def456") -> Desk:
    call = {"tool": "undo", "arguments": {"commit": sha}}
    model = Scripted([use("undo", commit=sha)], finish())
    desk = bench.begin(model, "undo it", call=call, session=session)
    desk.tools = dict(tools_of(desk.view.task, desk.history, desk.journal, desk.view))
    assert drive(desk) == 0
    return desk


def commit_of(desk: Desk, number: int = 1) -> str:
    return next(sha for key, sha in desk.view.commits.items() if key.startswith(f"{number:02d}-"))


def told(desk: Desk) -> str:
    return desk.view.results["call_0_0"].text


def there(root: Path, files: Files = SCAFFOLD) -> bool:
    return all(
        (root / file.path).is_file()
        and (root / file.path).read_bytes() == file.content
        and os.access(root / file.path, os.X_OK) == (file.mode == 0o755)
        for file in files
    )


def test_files_are_written_as_they_are_and_committed(bench: Bench) -> None:
    desk = begin(bench)
    assert drive(desk) == 0
    assert there(bench.root)
    sha = commit_of(desk)
    listed = bench.git("ls-tree", "-r", sha, "--", "app", ".github")
    assert sorted((line.split()[0], line.split("\t")[1]) for line in listed.splitlines()) == [
        ("100644", ".github/workflows/ci.yaml"), ("100644", "app/main.py"), ("100755", "app/run.sh"),
    ]  # fmt: skip
    assert bench.git("status", "--porcelain") == ""
    assert desk.history.blob(bench.git("rev-parse", f"{sha}:app/main.py")) == CODE


def test_the_journal_has_digests_and_no_text(bench: Bench) -> None:
    desk = begin(bench, (File("notes.md", b"a quite remarkable sentence\n"),))
    assert drive(desk) == 0
    entries = list(desk.journal.entries(desk.view.id))
    assert not any("remarkable" in str(entry.body) for entry in entries)
    (intent,) = [entry.event for entry in entries if isinstance(entry.event, ToolIntent)]
    assert intent.change["body"]["sha256"] == hashlib.sha256(b"a quite remarkable sentence\n").hexdigest()
    assert desk.history.blob(intent.change["body"]["blob"]) == b"a quite remarkable sentence\n"


def test_a_second_run_changes_nothing_and_leaves_no_subtask(bench: Bench) -> None:
    assert drive(begin(bench)) == 0
    desk = begin(bench, session="20250131-093005-def456")
    assert drive(desk) == 0
    assert told(desk).startswith("Nothing to change:")
    assert desk.view.subtasks == []


def test_equal_files_are_skipped_and_told(bench: Bench) -> None:
    (bench.root / "app").mkdir()
    (bench.root / "app/main.py").write_bytes(CODE)
    desk = begin(bench)
    assert drive(desk) == 0
    assert "Already as wanted: File app/main.py." in told(desk)
    assert there(bench.root)


def test_a_file_with_a_secret_is_refused_with_its_line_and_nothing_is_written(bench: Bench) -> None:
    secret = File("app/settings.py", b"import os\n\npassword = 'hunter2-9Kd8Qq'\n")
    desk = begin(bench, (*SCAFFOLD, secret))
    assert drive(desk) == 0
    assert "app/settings.py, line 3: there is a secret. Nothing was written" in told(desk)
    assert not (bench.root / "app").exists()
    assert "hunter2" not in str([entry.body for entry in desk.journal.entries(desk.view.id)])
    objects = bench.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)").splitlines()
    assert f"blob {len(secret.content)}" not in objects


def test_another_s_file_is_shown_as_a_diff_and_asked(bench: Bench) -> None:
    file = bench.root / "notes.md"
    file.write_text("one\ntheirs\n")
    file.chmod(0o640)
    files = (File("notes.md", b"one\nmine\n"),)
    desk = begin(bench, files)
    assert drive(desk) == 3
    (row,) = desk.view.approvals.values()
    assert row.diff == "--- notes.md (there)\n+++ notes.md (wanted)\n@@ -1,2 +1,2 @@\n one\n-theirs\n+mine"
    assert file.read_text() == "one\ntheirs\n"
    approve(desk)
    desk = resumed(bench, desk, files)
    assert drive(desk) == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("one\nmine\n", 0o640)
    sha = commit_of(desk)
    folder = desk.history.trailers(sha)["Changes"]
    assert bench.git("show", f"{sha}:{folder}/replaced/notes.md") == "one\ntheirs"
    undo(bench, sha)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("one\ntheirs\n", 0o640)


def test_who_asked_confirms_at_the_terminal(bench: Bench) -> None:
    (bench.root / "notes.md").write_text("theirs\n")
    desk = begin(bench, (File("notes.md", b"mine\n"),), watcher=Watcher(answer=True))
    assert drive(desk) == 0
    assert (bench.root / "notes.md").read_text() == "mine\n"


def test_a_file_that_changes_while_it_is_asked_for_is_asked_for_anew(bench: Bench) -> None:
    file = bench.root / "notes.md"
    file.write_text("theirs\n")
    desk = begin(bench, (File("notes.md", b"mine\n"),))
    assert drive(desk) == 3
    approve(desk)
    file.write_text("theirs, once more\n")
    desk = resumed(bench, desk, (File("notes.md", b"mine\n"),))
    assert drive(desk) == 3
    assert file.read_text() == "theirs, once more\n"


def test_what_desk_wrote_itself_is_replaced_unasked_until_somebody_edits_it(bench: Bench) -> None:
    assert drive(begin(bench, (File("notes.md", b"first\n"),))) == 0
    second = begin(bench, (File("notes.md", b"second\n"),), session="20250131-093005-def456")
    assert drive(second) == 0
    assert (bench.root / "notes.md").read_text() == "second\n"
    (bench.root / "notes.md").write_text("edited\n")
    third = begin(bench, (File("notes.md", b"third\n"),), session="20250131-093005-abcdef")
    assert drive(third) == 3
    assert (bench.root / "notes.md").read_text() == "edited\n"


def test_what_an_undo_has_put_back_is_somebody_else_s_again(bench: Bench) -> None:
    (bench.root / "notes.md").write_text("theirs\n")
    desk = begin(bench, (File("notes.md", b"mine\n"),), watcher=Watcher(answer=True))
    assert drive(desk) == 0
    undo(bench, commit_of(desk))
    again = begin(bench, (File("notes.md", b"mine\n"),), session="20250131-093005-abcdef")
    assert drive(again) == 3


def test_a_file_with_a_secret_is_not_replaced_for_git_would_keep_it(bench: Bench) -> None:
    (bench.root / "settings.py").write_text("password = 'hunter2-9Kd8Qq'\n")
    desk = begin(bench, (File("settings.py", b"x = 1\n"),))
    assert drive(desk) == 0
    assert "settings.py (which is there already), line 1: there is a secret. It is not replaced" in told(desk)
    assert "hunter2" not in bench.git("log", "--all", "-p")


def test_an_undo_takes_away_what_was_written_and_its_empty_folders(bench: Bench) -> None:
    desk = begin(bench)
    assert drive(desk) == 0
    undone = undo(bench, commit_of(desk))
    assert not (bench.root / "app").exists() and not (bench.root / ".github").exists()
    assert bench.git("status", "--porcelain") == ""
    assert bench.git("ls-tree", "-r", "--name-only", "HEAD", "--", "app", ".github") == ""
    undo(bench, commit_of(undone), session="20250131-093005-fedcba")
    assert there(bench.root)


def test_an_undo_leaves_what_somebody_has_edited_since(bench: Bench) -> None:
    desk = begin(bench)
    assert drive(desk) == 0
    (bench.root / "app/main.py").write_text("edited\n")
    undone = undo(bench, commit_of(desk))
    assert "File app/main.py was changed since" in told(undone)
    assert there(bench.root, SCAFFOLD[1:]) and (bench.root / "app/main.py").read_text() == "edited\n"


def test_files_of_a_named_folder_are_written_there_and_the_workspace_has_the_change_set(
    bench: Bench, outside: Path
) -> None:
    desk = begin(bench, folder=str(outside))
    assert drive(desk) == 0
    assert there(outside) and not (bench.root / "app").exists()
    assert not (outside / ".git").exists()
    sha = commit_of(desk)
    folder = desk.history.trailers(sha)["Changes"]
    assert there(bench.root / folder / "written", SCAFFOLD[:1])
    assert str(outside) in bench.git("show", f"{sha}:{folder}/applied.yaml")
    undo(bench, sha)
    assert list(outside.iterdir()) == []


def test_a_folder_of_the_workspace_that_is_named_is_the_workspace(bench: Bench) -> None:
    desk = begin(bench, folder=str(bench.root / "services"))
    assert drive(desk) == 0
    assert there(bench.root / "services")
    assert bench.git("status", "--porcelain") == ""


def test_a_folder_that_the_task_does_not_name_is_refused(bench: Bench, outside: Path) -> None:
    model = Scripted([use("scaffold", folder=str(outside))], finish())
    desk = with_tool(bench.begin(model, "scaffold shop"))
    assert drive(desk) == 0
    assert "only who asks may choose folder" in told(desk)
    assert not outside.exists()


def test_a_link_leads_nowhere(bench: Bench, outside: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    outside.mkdir()
    (outside / "app").symlink_to(elsewhere)
    desk = begin(bench, folder=str(outside))
    assert drive(desk) == 0
    assert f"{outside}/app is a symbolic link" in told(desk)
    assert list(elsewhere.iterdir()) == []


ELSEWHERE = {
    "../out.txt": "no path of a file",
    "/etc/out.txt": "no path of a file",
    "notes.md\n": "no path of a file",
    ".GIT/hooks/pre-commit": "git's own",
    "logs/LOGS.md": "its own records",
    "Desk.yaml": "its own records",
    "APP/main.py": "one file where",
    "app/main.py/x": "needs a folder",
    "ghp_" + "a1B2" * 9: "looks like a secret",
    "big": "more than the 2000000 of one file",
}


def test_a_path_that_leads_elsewhere_is_refused_before_anything_is_kept(bench: Bench) -> None:
    desk = bench.begin(Scripted(finish()))
    for path, said in ELSEWHERE.items():
        content = b"x" * (3_000_000 if path == "big" else 1)
        with pytest.raises(ToolFailed, match=said):
            plan_of(desk, Rendering("scaffold shop", (*SCAFFOLD, File(path, content))))
    git = str(bench.root / ".git")
    for folder, said in (("~nobody-here/x", "cannot be found"), (git, "git's own"), ("/tmp/a\nb", "a line end")):
        with pytest.raises(ToolFailed, match=said):
            plan_of(desk, Rendering("scaffold shop", SCAFFOLD, folder))
    assert desk.history.blob(hashlib.sha1(b"blob %d\0" % len(CODE) + CODE).hexdigest()) is None


def test_nothing_is_written_when_nothing_may_be(bench: Bench) -> None:
    assert drive(begin(bench, dry_run=True)) == 0
    assert drive(begin(bench, read_only=True, session="20250131-093005-def456")) == 0
    assert not (bench.root / "app").exists()


BOUNDARIES = ("plan_made", "tool_intent", "tool_receipt", "step_done", "tool_result", "subtask_done", "committed")


@pytest.mark.parametrize(("boundary", "folder"), [*((each, "") for each in BOUNDARIES), ("tool_intent", "outside")])
def test_killed_at_a_boundary_the_next_process_writes_the_same_bytes_once(
    bench: Bench, outside: Path, boundary: str, folder: str
) -> None:
    named = str(outside) if folder else ""
    left = [1]

    def kill(entry: Entry) -> None:
        if entry.type == boundary and left:
            left.pop()
            raise Killed

    desk = begin(bench, folder=named, watcher=Watcher(on_entry=kill))
    with pytest.raises(Killed):
        drive(desk)
    # What the tool would give now is something else: what was journaled is written.
    others = SCAFFOLD if boundary == "plan_made" else (File("app/main.py", b"another version\n"),)
    desk = resumed(bench, desk, others, named)
    assert drive(desk) == 0
    root = outside if folder else bench.root
    assert there(root)
    assert [path.name for path in root.rglob(".desk-*.tmp")] == []
    assert bench.git("log", "--format=%s", "--", "working/changes").count("scaffold shop") == 1
    assert bench.git("status", "--porcelain") == ""


@pytest.mark.parametrize("moment", ["rename", "link", "fsync"])
def test_killed_while_it_writes_no_file_is_half_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    real = getattr(os, moment)
    left = [1]

    def killed(*arguments: object, **more: object) -> object:
        if (left and any(".desk-" in str(each) for each in (*arguments, *more.values()))) or (
            moment == "fsync" and left
        ):
            left.pop()
            raise Killed
        return real(*arguments, **more)

    (bench.root / "app").mkdir()
    (bench.root / "app/main.py").write_bytes(b"before\n")
    desk = begin(bench, watcher=Watcher(answer=True))
    monkeypatch.setattr(os, moment, killed)
    with pytest.raises(Killed):
        drive(desk)
    assert (bench.root / "app/main.py").read_bytes() in (b"before\n", CODE)
    desk = resumed(bench, desk)
    assert drive(desk) == 0
    assert there(bench.root)
    assert [path.name for path in bench.root.rglob(".desk-*.tmp")] == []


def test_files_that_a_journal_of_before_has_as_text_are_recorded(bench: Bench) -> None:
    desk = begin(bench)
    left = [1]

    def kill(entry: Entry) -> None:
        if entry.type == "model_turn" and left:
            left.pop()
            raise Killed

    desk.journal.observe(kill)
    with pytest.raises(Killed):
        drive(desk)
    desk.append(
        FilesRendered("call_0_0", "save it", {"manifests/a.yaml": "kind: Pod\n"}),
        ToolResult("call_0_0", "save_manifest", "Done.", summary="save it", changed=True),
    )
    desk = resumed(bench, desk)
    assert drive(desk) == 0
    assert (bench.root / "manifests/a.yaml").read_text() == "kind: Pod\n"
    assert bench.git("show", f"{commit_of(desk)}:manifests/a.yaml") == "kind: Pod"


def test_files_for_standard_output_are_printed_and_written_nowhere(bench: Bench) -> None:
    watcher = Watcher()
    desk = begin(bench, folder="-", read_only=True, watcher=watcher)
    assert drive(desk) == 0
    assert watcher.files == [(file.path, file.content) for file in SCAFFOLD]
    kept = (desk.view.results["call_0_0"].data or {})["files"]
    assert [desk.history.blob(each["blob"]) for each in kept] == [file.content for file in SCAFFOLD]
    assert desk.view.subtasks == [] and not (bench.root / "app").exists()


def test_a_file_with_a_secret_is_not_printed_either(bench: Bench) -> None:
    watcher = Watcher()
    files = (*SCAFFOLD, File("a.env", b"PASSWORD=hunter2-9Kd8Qq\n"))
    desk = begin(bench, files, folder="-", watcher=watcher)
    assert drive(desk) == 0
    assert "a.env, line 1: there is a secret" in told(desk)
    assert watcher.files == []


def test_standard_output_holds_the_files_and_nothing_else(workspace: Path, run_desk: RunDesk) -> None:
    wanted = {"kind": "deployment", "name": "checkout", "namespace": "shop-dev", "folder": "-"}
    done = run_desk("call", "save_manifest", "--sandbox", "--json", json.dumps(wanted), cwd=workspace)
    assert done.returncode == 0
    assert yaml.safe_load(done.stdout)["metadata"]["name"] == "checkout"
    assert "Printed: save the manifest" in done.stderr
