"""The plain agent works as such agents do: it resumes, it is deterministic, and keeps every state it had."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.baseline import plain, script
from tests.baseline.effects import Line
from tests.baseline.model import scripted

TOP = Path(__file__).parents[2]
TURNS = 6


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.baseline", str(folder), "--turns", str(TURNS), *arguments]


def said(outcome: plain.Outcome) -> list[tuple[str, str]]:
    return [(message.type, str(message.content)) for message in outcome.messages]


def test_two_sessions_say_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    one, other = (plain.run(folder, scripted(TURNS), script.found) for folder in folders)
    assert said(one) == said(other)
    assert (one.resumed, one.turns) == (False, TURNS + 1)


def test_a_turn_is_2400_bytes_of_text_unlike_any_other() -> None:
    turns = [script.said(turn) + script.found(turn) for turn in range(1, 401)]
    assert {len(text.encode()) for text in turns} == {script.TEXT_BYTES}
    assert len(set(turns)) == len(turns)


def test_it_goes_on_after_an_error_in_its_tool(tmp_path: Path) -> None:
    def breaks(turn: int) -> str:
        if turn == 3:
            raise OSError("the cluster is gone")
        return script.found(turn)

    with pytest.raises(OSError, match="gone"):
        plain.run(tmp_path, scripted(TURNS), breaks, durability="sync")
    asked: list[int] = []

    def works(turn: int) -> str:
        asked.append(turn)
        return script.found(turn)

    done = plain.run(tmp_path, scripted(TURNS), works)
    assert (done.resumed, asked) == (True, [3, 4, 5, 6])
    (tmp_path / "whole").mkdir()
    assert said(done) == said(plain.run(tmp_path / "whole", scripted(TURNS), script.found))


@pytest.mark.parametrize("durability", ["sync", "async"])
def test_it_resumes_after_a_kill(tmp_path: Path, durability: str) -> None:
    lines = tmp_path / "lines"
    arguments = ("--effect-file", str(lines), "--durability", durability, "--think-s", "0.1")
    killed = subprocess.Popen(command(tmp_path, *arguments), cwd=TOP, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (lines.exists() and len(lines.read_text().split()) >= 3) and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert len(lines.read_text().split()) < TURNS
    done = subprocess.run(command(tmp_path, *arguments), cwd=TOP, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"resumed": True, "turns": TURNS + 1, "messages": 2 * TURNS + 2}
    made = [int(turn) for turn in lines.read_text().split()]
    assert sorted(set(made)) == list(range(1, TURNS + 1))


def test_an_effect_without_its_checkpoint_is_made_again(tmp_path: Path) -> None:
    line = Line(tmp_path / "lines")

    def dies_after(turn: int) -> str:
        line(turn)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plain.run(tmp_path, scripted(1), dies_after, durability="sync")
    plain.run(tmp_path, scripted(1), line, durability="sync")
    assert (tmp_path / "lines").read_text().split() == ["1", "1"]


def test_an_effect_may_be_a_request(tmp_path: Path) -> None:
    seen: list[tuple[str, str, str, str]] = []

    class Api(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.append((self.path, self.headers["User-Agent"], self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            ...

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/apis/apps/v1/namespaces/shop/deployments/checkout"
        request = ("--effect-url", url, "--effect-body", '{"turn": "{turn}"}')
        header = ("--effect-header", "Content-Type: application/merge-patch+json")
        subprocess.run(command(tmp_path, *request, *header), cwd=TOP, capture_output=True, check=True)
        server.shutdown()
    path = url.partition("/apis")[1] + url.partition("/apis")[2]
    kind = "application/merge-patch+json"
    assert seen == [(path, "plain-agent", kind, f'{{"turn": "{turn}"}}') for turn in range(1, TURNS + 1)]
