"""The workspace's files: what is rendered, what is preserved, what is refused."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import DeskError, UsageError
from agent.workspace.files import (
    READ_LIMIT_CHARS,
    Edit,
    Incident,
    LogEntry,
    WorkingState,
    Workspace,
    add_incident,
    add_log,
    applied,
    change_set_folder,
    one_line,
    render_incident,
    render_log,
    replace_section,
    slugify,
    update_working,
    working_section,
    write_change_set,
)
from agent.workspace.names import INCIDENTS, LOGS, WORKING

STATE = WorkingState(
    started="2025-01-31T09:30:00Z",
    task="mend checkout in shop-dev",
    completed=("found OOMKilled", "raised the limit"),
    remaining=("watch the rollout",),
    blockers=(),
    next_action="Watch the rollout of checkout.",
)
SECTION = """\
## Agent: developer-experience (Desk)

### Current Session
- Started: 2025-01-31T09:30:00Z
- Task: mend checkout in shop-dev

### Completed This Session
- found OOMKilled
- raised the limit

### Remaining Tasks
- watch the rollout

### Blockers
- none

### Next Action
Watch the rollout of checkout.
"""
ATLAS = "## Agent: infrastructure (Atlas)\n\n### Next Action\nDrain node 3.\n"
FLOW = "## Agent: deployments (Flow)\n\n- nothing   \n\t- odd \x0c bytes\n"
ENTRY = LogEntry(
    time="2025-01-31T09:30:00Z",
    title="Raised the limit of checkout",
    action="set memory limit to 64Mi",
    reason="OOMKilled at 16Mi",
    target="deployment/checkout in shop-dev",
    result="SUCCESS",
    next_action="watch the rollout",
)
INCIDENT = Incident(
    time="2025-01-31T09:30:00Z",
    title="Approval denied",
    severity="HIGH",
    description="kim rejected the scale-up",
    impact="checkout stays slow",
    root_cause="no capacity",
    resolution="none yet",
    follow_up="ask Atlas for nodes",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def content(workspace: Workspace, path: str) -> str:
    return (workspace.root / path).read_bytes().decode()


def test_section_is_rendered_with_every_heading() -> None:
    assert working_section(STATE) == SECTION


@pytest.mark.parametrize(
    "hostile",
    [
        "x\n## Agent: infrastructure (Atlas)\n- y",
        "# title",
        "## Agent: deployments (Flow)",
        "```",
        "~~~",
        "<!-- swallow",
        "a\r\n# b",
        "a\u2028## b",
        "a\x85## b",
        "---",
        "> quote",
        "\x0b## b",
    ],
)
def test_hostile_text_cannot_forge_a_heading(hostile: str) -> None:
    state = replace(STATE, task=hostile, completed=(hostile,), next_action=hostile)
    document = replace_section(f"{ATLAS}\n{SECTION}\n{FLOW}", working_section(state))
    headings = [line for line in document.splitlines() if line.startswith("## ")]
    assert headings == [ATLAS.splitlines()[0], SECTION.splitlines()[0], FLOW.splitlines()[0]]
    assert replace_section(document, SECTION) == f"{ATLAS}\n{SECTION}\n{FLOW}"


def test_one_line_flattens_caps_and_keeps_ordinary_text() -> None:
    assert one_line("a\tb\n\nc") == "a b c"
    assert one_line("") == "none"
    assert one_line("`kubectl get pods`, then café ☕") == "`kubectl get pods`, then café ☕"
    assert one_line("safe \u202etxt.exe") == "safe txt.exe"
    assert len(one_line("x" * 10_000)) == 500


def test_section_is_appended_to_an_empty_or_a_foreign_document() -> None:
    assert replace_section("", SECTION) == f"# WORKING\n\n{SECTION}"
    assert replace_section("# WORKING\n", SECTION) == f"# WORKING\n\n{SECTION}"
    assert replace_section(f"# WORKING\n\n{ATLAS}", SECTION) == f"# WORKING\n\n{ATLAS}\n{SECTION}"
    assert replace_section(ATLAS.rstrip("\n"), SECTION) == f"{ATLAS}\n{SECTION}"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", [FLOW, FLOW.rstrip("\n"), "---\n\nNotes\n", "Notes\n=====\ntext\n", "# Other\n"])
def test_other_sections_stay_byte_for_byte(tail: str, line_end: str) -> None:
    before = f"# WORKING\n\n{ATLAS}\n\n\n".replace("\n", line_end)
    after = f"\n\n{tail}".replace("\n", line_end)
    old = working_section(replace(STATE, task="old", next_action="old")).replace("\n", line_end)
    document = replace_section(before + old + after, SECTION)
    assert document == before + SECTION.replace("\n", line_end) + after


def test_a_rule_right_below_the_section_stays() -> None:
    document = f"{SECTION}---\n{FLOW}"
    new = working_section(replace(STATE, next_action="Something else."))
    assert replace_section(document, new) == f"{new}---\n{FLOW}"


def test_headings_in_a_closed_fence_are_text() -> None:
    fenced = f"{ATLAS}\n````md\n```\n{SECTION}\n````\n\n"
    document = f"{fenced}{SECTION}\n~~~\n## Agent: x\n~~~\nstale\n\n{FLOW}"
    new = working_section(replace(STATE, task="new"))
    assert replace_section(document, new) == f"{fenced}{new}\n{FLOW}"


def test_an_unclosed_fence_does_not_hide_the_section() -> None:
    document = f"{ATLAS}\n```yaml\nkind: Pod\n\n"
    once = replace_section(document, SECTION)
    assert once == document + SECTION
    assert replace_section(once, SECTION) == once


def test_a_doubled_section_becomes_one() -> None:
    assert replace_section(f"{SECTION}\n{ATLAS}\n{SECTION}", SECTION) == f"{SECTION}\n{ATLAS}\n"


def test_working_edit_keeps_bytes_that_are_not_utf8(workspace: Workspace) -> None:
    (workspace.root / "working").mkdir()
    foreign = b"# WORKING\n\n## Agent: deployments (Flow)\n\xff\xfe latin \xe9\n"
    (workspace.root / WORKING).write_bytes(foreign)
    assert workspace.write([update_working(STATE)]) == (WORKING,)
    assert (workspace.root / WORKING).read_bytes() == foreign + b"\n" + SECTION.encode()


def test_log_entry_is_rendered() -> None:
    assert render_log(ENTRY) == (
        "## 2025-01-31T09:30:00Z - Raised the limit of checkout\n\n"
        "- Agent: developer-experience (Desk)\n"
        "- Action: set memory limit to 64Mi\n"
        "- Reason: OOMKilled at 16Mi\n"
        "- Target: deployment/checkout in shop-dev\n"
        "- Result: SUCCESS\n"
        "- Next Action: watch the rollout\n"
    )


def test_incident_is_rendered() -> None:
    assert render_incident(INCIDENT) == (
        "## 2025-01-31T09:30:00Z - Approval denied\n\n"
        "- Severity: HIGH\n"
        "- Detected: 2025-01-31T09:30:00Z\n"
        "- Description: kim rejected the scale-up\n"
        "- Impact: checkout stays slow\n"
        "- Root Cause: no capacity\n"
        "- Resolution: none yet\n"
        "- Follow-up: ask Atlas for nodes\n"
    )


def test_a_log_value_cannot_forge_an_entry() -> None:
    forged = replace(ENTRY, title="x\n## 2025-01-01T00:00:00Z - y", reason="a\n\n## 2025-01-01T00:00:00Z - z")
    assert render_log(forged).count("\n## ") == 0


@pytest.mark.parametrize("time", ["yesterday", "2025-01-31", "2025-01-31T09:30:00", "2025-01-31T09:30:00+01:00"])
def test_an_entry_needs_a_time_in_utc(time: str) -> None:
    with pytest.raises(ValueError, match=r"iso|ISO|Invalid"):
        replace(ENTRY, time=time)


def test_an_entry_needs_a_known_result_and_severity() -> None:
    with pytest.raises(ValueError, match="SUCCESS"):
        replace(ENTRY, result="FINE")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="CRITICAL"):
        replace(INCIDENT, severity="BAD")  # type: ignore[arg-type]


def test_logs_are_newest_first_and_an_entry_is_not_doubled(workspace: Workspace) -> None:
    second = replace(ENTRY, time="2025-01-31T10:00:00Z", title="Second")
    workspace.write([add_log(ENTRY)])
    workspace.write([add_log(second)])
    expected = f"# LOGS\n\n{render_log(second)}\n{render_log(ENTRY)}"
    assert content(workspace, LOGS) == expected
    workspace.write([add_log(ENTRY), add_log(second)])
    assert content(workspace, LOGS) == expected


def test_an_entry_that_is_written_late_keeps_its_place(workspace: Workspace) -> None:
    times = [f"2025-06-01T12:0{minute}:00+00:00" for minute in (0, 2, 1, 3)]
    for at in times:
        workspace.write([add_log(replace(ENTRY, time=at, title=f"at {at}"))])
    once = (workspace.root / LOGS).read_text()
    told = [line[3:28] for line in once.splitlines() if line.startswith("## ")]
    assert told == sorted(times, reverse=True)
    assert "\n\n\n" not in once
    for at in times:
        workspace.write([add_log(replace(ENTRY, time=at, title=f"at {at}"))])
    assert (workspace.root / LOGS).read_text() == once


def test_logs_keep_a_preamble_crlf_and_a_missing_final_newline(workspace: Workspace) -> None:
    (workspace.root / "logs").mkdir()
    old = "## 2025-01-02T00:00:00Z - Old\r\n\r\n```\r\n## 2025-01-01T00:00:00Z - in a fence\r\n```"
    preamble = "# LOGS\r\n\r\nNewest first.\r\n\r\n## Legend\r\n\r\n"
    (workspace.root / LOGS).write_bytes((preamble + old).encode())
    workspace.write([add_log(ENTRY)])
    added = (render_log(ENTRY) + "\n").replace("\n", "\r\n")
    assert content(workspace, LOGS) == preamble + added + old
    workspace.write([add_log(ENTRY)])
    assert content(workspace, LOGS) == preamble + added + old


def test_the_first_entry_of_a_month_moves_the_others_to_their_archives(workspace: Workspace) -> None:
    december = replace(ENTRY, time="2024-12-31T23:59:00Z", title="December")
    january = [replace(ENTRY, time=f"2025-01-0{day}T00:00:00Z", title=f"Day {day}") for day in (1, 2)]
    february = replace(ENTRY, time="2025-02-01T00:00:00Z", title="February")
    (workspace.root / "logs").mkdir()
    (workspace.root / LOGS).write_text(f"# LOGS\n\nHow to read.\n\n{render_log(december)}")
    workspace.write([add_log(january[0])])
    workspace.write([add_log(january[1])])
    paths = workspace.write([add_log(february)])
    assert paths == ("logs/LOGS-2025-01.md", LOGS)
    assert content(workspace, LOGS) == f"# LOGS\n\nHow to read.\n\n{render_log(february)}"
    archived = f"# LOGS 2025-01\n\n{render_log(january[1])}\n{render_log(january[0])}"
    assert content(workspace, "logs/LOGS-2025-01.md") == archived
    assert content(workspace, "logs/LOGS-2024-12.md") == f"# LOGS 2024-12\n\n{render_log(december)}"


def test_a_late_entry_goes_to_its_month_once(workspace: Workspace) -> None:
    february = replace(ENTRY, time="2025-02-01T00:00:00Z")
    workspace.write([add_log(ENTRY)])
    workspace.write([add_log(february)])
    late = replace(ENTRY, time="2025-01-31T23:59:59Z", title="Late")
    workspace.write([add_log(late)])
    workspace.write([add_log(late), add_log(ENTRY)])
    archived = f"# LOGS 2025-01\n\n{render_log(late)}\n{render_log(ENTRY)}"
    assert content(workspace, "logs/LOGS-2025-01.md") == archived
    assert content(workspace, LOGS) == f"# LOGS\n\n{render_log(february)}"


def test_rotation_loses_nothing_that_people_wrote(workspace: Workspace) -> None:
    note = "## A note without a time\n\nkeep me\n\n"
    (workspace.root / "logs").mkdir()
    (workspace.root / LOGS).write_text(f"# LOGS\n\n{render_log(ENTRY)}\n{note}")
    (workspace.root / "logs/LOGS-2025-01.md").write_text("# LOGS 2025-01\n\nhand-written\n")
    workspace.write([add_log(replace(ENTRY, time="2025-02-01T00:00:00Z"))])
    archived = content(workspace, "logs/LOGS-2025-01.md")
    assert archived.startswith(f"# LOGS 2025-01\n\nhand-written\n\n{render_log(ENTRY)}\n")
    assert note.strip() in archived


def test_incidents_are_newest_first_and_not_doubled(workspace: Workspace) -> None:
    second = replace(INCIDENT, time="2025-02-01T00:00:00Z")
    workspace.write([add_incident(INCIDENT)])
    workspace.write([add_incident(second)])
    workspace.write([add_incident(INCIDENT)])
    assert content(workspace, INCIDENTS) == f"# INCIDENTS\n\n{render_incident(second)}\n{render_incident(INCIDENT)}"


def test_edits_of_one_path_build_on_each_other() -> None:
    edits = [Edit("a", lambda previous: (previous or b"") + b"1")] * 2
    assert applied(edits, lambda _path: b"0") == {"a": b"011"}


def test_change_set_files_are_written_with_their_names(workspace: Workspace) -> None:
    names = {"applied.yaml": "kind: Pod\n", 'it\'s "q".txt': "1", "née\nline.txt": "2", "lone.txt": "\ud800"}
    paths = workspace.write(write_change_set("s-1", 3, "Raise the Limit!", names))
    folder = workspace.root / "working/changes/s-1/03-raise-the-limit"
    assert paths[0] == "working/changes/s-1/03-raise-the-limit/applied.yaml"
    assert {file.name for file in folder.iterdir()} == set(names)
    assert (folder / "née\nline.txt").read_text() == "2"


@pytest.mark.parametrize("session", ["", "..", "a/b", ".hidden", "a b", "-x", "a\n"])
def test_a_session_cannot_lead_out(session: str) -> None:
    with pytest.raises(DeskError, match="Next:"):
        change_set_folder(session, 1, "x")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".git", ".hidden", "a\0b", "\ud800"])
def test_a_file_of_a_change_set_cannot_lead_out(name: str) -> None:
    with pytest.raises(DeskError, match="Next:"):
        write_change_set("s", 1, "x", {name: "text"})


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", "a//b", ".git/config", "a/.GIT/hooks/x"])
def test_a_path_cannot_lead_out(workspace: Workspace, path: str) -> None:
    with pytest.raises(DeskError, match="Next:"):
        workspace.write([Edit(path, lambda _previous: b"x")])


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Raise the Limit!", "raise-the-limit"),
        ("née — café", "nee-cafe"),
        ("日本", "change"),
        ("../../etc", "etc"),
        ("x" * 80, "x" * 48),
    ],
)
def test_slugify(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_a_write_keeps_permission_bits_and_leaves_nothing_else(workspace: Workspace) -> None:
    workspace.write([update_working(STATE)])
    file = workspace.root / WORKING
    file.chmod(0o640)
    (file.parent / ".desk-write.tmp").write_text("left by a killed process")
    workspace.write([update_working(replace(STATE, task="other"))])
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [entry.name for entry in file.parent.iterdir()] == ["WORKING.md"]


def test_an_unchanged_file_is_not_touched(workspace: Workspace) -> None:
    workspace.write([update_working(STATE)])
    before = (workspace.root / WORKING).stat().st_ino
    workspace.write([update_working(STATE)])
    assert (workspace.root / WORKING).stat().st_ino == before


def test_symbolic_links_are_refused(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("secret")
    (workspace.root / "working").symlink_to(outside)
    (workspace.root / "logs").mkdir()
    (workspace.root / LOGS).symlink_to(outside / "secret")
    with pytest.raises(UsageError, match="symbolic link"):
        workspace.write([update_working(STATE)])
    with pytest.raises(UsageError, match="symbolic link"):
        workspace.newest_log()
    assert [file.name for file in outside.iterdir()] == ["secret"]


def test_a_folder_in_a_files_place_is_said(workspace: Workspace) -> None:
    (workspace.root / WORKING).mkdir(parents=True)
    with pytest.raises(DeskError, match=r"WORKING.md cannot be read: Is a directory. Next:"):
        workspace.read_working()


def test_a_workspace_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="desk init"):
        Workspace(tmp_path / "missing")


def test_start_reads(workspace: Workspace) -> None:
    assert (workspace.read_working(), workspace.newest_log(), workspace.newest_incidents()) == ("", "", "")
    workspace.write([update_working(STATE), add_incident(INCIDENT), add_log(ENTRY)])
    assert workspace.read_working() == f"# WORKING\n\n{SECTION}"
    assert workspace.newest_log(3) == "# LOGS\n\n## 2025-01-31T09:30:00Z - Raised the limit of checkout"
    assert len(workspace.newest_incidents(5).splitlines()) == 5


def test_the_newest_log_goes_on_in_the_newest_archive(workspace: Workspace) -> None:
    workspace.write([add_log(replace(ENTRY, time="2024-12-01T00:00:00Z"))])
    workspace.write([add_log(ENTRY)])
    workspace.write([add_log(replace(ENTRY, time="2025-02-01T00:00:00Z"))])
    newest = workspace.newest_log(20)
    assert newest.index("2025-02-01") < newest.index("# LOGS 2025-01") < newest.index("2025-01-31")
    assert len(newest.splitlines()) == 20
    assert "2024-12-01" not in workspace.newest_log(1000)


def test_a_huge_file_is_cut_with_a_note(workspace: Workspace) -> None:
    workspace.write([Edit(WORKING, lambda _previous: b"x" * 100_000)])
    text = workspace.read_working()
    assert len(text) < READ_LIMIT_CHARS + 100
    assert text.endswith(f"[cut: {READ_LIMIT_CHARS} of 100000 characters of {WORKING} shown]")


def test_state_dir_hides_itself_from_git(workspace: Workspace) -> None:
    assert workspace.state_dir() == workspace.root / ".desk"
    assert (workspace.root / ".desk/.gitignore").read_text() == "*\n"
    assert not (workspace.root / ".gitignore").exists()


def append_slowly(root: Path, mark: str) -> None:
    workspace = Workspace(root)
    for _ in range(10):
        with workspace.lock():
            before = workspace.read("count.txt") or b""
            time.sleep(0.001)
            workspace.write([Edit("count.txt", lambda _previous, text=before: text + mark.encode())])  # type: ignore[misc]


def test_two_processes_wait_for_each_other(workspace: Workspace) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=append_slowly, args=(workspace.root, mark)) for mark in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(content(workspace, "count.txt")) == ["a"] * 10 + ["b"] * 10


def test_the_lock_may_be_taken_again_inside_itself(workspace: Workspace) -> None:
    with workspace.lock(), workspace.lock():
        workspace.write([update_working(STATE)])
    assert (workspace.root / ".desk/workspace.lock").read_text() == f"{os.getpid()}\n"
