"""`python -m tests.messages_api`, run as a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from anthropic import Anthropic

from tests.messages_api.asking import body_of
from tests.messages_api.script import BadScript, load

ROOT = Path(__file__).parents[2]

SCRIPT = """
- think: Where?
  say: I look.
  calls:
    - name: look
      input: {path: a}
  faults:
    - status: 529
      headers: {retry-after-ms: "1"}
- say: Done.
"""


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.messages_api", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_script_is_served_until_it_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, log = tmp_path / "script.yaml", tmp_path / "log.jsonl"
    script.write_text(SCRIPT)
    with start(script, "--log", log) as program:
        assert program.stdout is not None
        name, url = program.stdout.readline().removeprefix("export ").strip().split("=")
        monkeypatch.setitem(os.environ, name, url)
        answer = Anthropic(api_key="secret-key").messages.create(**body_of("hi"))
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=10) == 0
    assert answer.stop_reason == "tool_use"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["status"] for line in lines] == [529, 200]
    assert lines[1]["request"]["messages"] == [{"role": "user", "content": "hi"}]
    assert "secret-key" not in log.read_text()


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("- {say: [", "can't be read"),
        ("say: Hello.", "must hold a list of turns"),
        ("- says: Hello.", "turn 0, says: Unexpected keyword argument"),
        ("- say: Hello.\n- calls: [{input: {}}]", "turn 1, calls, 0, name: Field required"),
        ("- stop_reason: tired", "turn 0: Value error, stop_reason 'tired' is none of end_turn"),
        ("- cut_last_call: true", "turn 0: Value error, cut_last_call needs calls and stop_reason max_tokens"),
        ("- {say: x, raw_blocks: []}", "turn 0: Value error, raw_blocks are the whole answer"),
        ("- faults: [{status: 418}]", "turn 0, faults, 0: Value error, status 418 is none of"),
    ],
)
def test_a_bad_script_is_told_where_it_is_bad(tmp_path: Path, script: str, complaint: str) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(script)
    with pytest.raises(BadScript) as caught:
        load(file)
    assert complaint in str(caught.value)


def test_a_bad_script_ends_the_program_with_2(tmp_path: Path) -> None:
    with start(tmp_path / "none.yaml") as program:
        _, errors = program.communicate(timeout=20)
    assert program.returncode == 2
    assert "none.yaml can't be read" in errors
