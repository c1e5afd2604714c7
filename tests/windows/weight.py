"""`python -m tests.windows.weight`: much to read, in a window that does not hold it, and the memory that it takes.

20 calls at once for a log of 200 MB, then 300 pods described, 20 calls a turn, of an API server over HTTP: the
sandbox, with pods and logs that are made as they are asked for. The kubelet keeps to the limits that it is asked
for, or knows none (`--boundless`) and sends the whole log. A model that goes by its conversation reads on over as
many sessions as it takes. Told is whether a request was over the window, whether an answer is missing, and the most
memory that one of the processes had.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from agent.journal import stores
from agent.journal.journal import Journal
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from tests.faults.proxy import FaultProxy, Stream, Where
from tests.messages_api.conversation import blocks
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where as At
from tools.cluster.connect import connect
from tools.json import Json

LOG_MB, PODS = 200, 300
WINDOW_TOKENS = 150_000
MAX_TOKENS = 4_000
MEMORY_MB = 300
AT_ONCE = 20
LINE = (
    "2026-01-31T12:00:00.000Z INFO  orders-service request {:>9} GET /orders/{:>9} status=200 duration_ms=12 {}\n"
)
PADDING = "x" * 120
LINE_BYTES = len(LINE.format(0, 0, PADDING))
SOUGHT = 300
"""A line of the log that no end of it shows, counted from its end."""
_TICKED = re.compile(r"^(\d+)\. \[x\] ", re.MULTILINE)


@dataclass(frozen=True)
class Log:
    """What a kubelet has of a container."""

    megabytes: int
    boundless: bool

    @property
    def lines(self) -> int:
        """In all."""
        return self.megabytes * 1_000_000 // LINE_BYTES

    def answer(self, path: str) -> Iterator[bytes]:
        """What is asked for, or all of it where no limit is known."""
        asked = parse_qs(urlsplit(path).query)
        tail = self.lines if self.boundless else int(asked["tailLines"][0])
        left = self.lines * LINE_BYTES if self.boundless else int(asked["limitBytes"][0])
        for number in range(self.lines - tail, self.lines):
            line = LINE.format(number, number, PADDING).encode()
            yield line[:left]
            left -= len(line)
            if left <= 0:
                return


@dataclass
class Reader:
    """The model: it goes by its conversation, and by the subtasks that are ticked in it."""

    namespace: str
    pods: list[str]
    sought: str

    @property
    def batches(self) -> list[list[str]]:
        """The pods, as many as are asked for at once."""
        return [self.pods[at : at + AT_ONCE] for at in range(0, len(self.pods), AT_ONCE)]

    def turn(self, body: Json) -> Turn:
        """The next one."""
        lists = [text for text in _texts(body) if "1. [" in text]
        if not lists:
            titles = ["read the logs", "look the line up", *(f"look at {batch[0]}" for batch in self.batches)]
            return _turn(Call("plan", {"subtasks": [{"title": title} for title in titles]}))
        done = {int(number) for number in _TICKED.findall(lists[-1])}
        here = {"namespace": self.namespace}
        if 1 not in done:
            log = {**here, "tail_lines": 2000}
            return _turn(*(Call("logs", {**log, "pod": pod}) for pod in self.batches[0]), done=1)
        if 2 not in done:
            return _turn(Call("read_result", {"result": _first(body, "logs"), "search": self.sought}), done=2)
        for number, batch in enumerate(self.batches, start=3):
            if number not in done:
                described = (Call("describe", {**here, "kind": "pod", "name": pod}) for pod in batch)
                return _turn(*described, done=number)
        return _turn(Call("finish", {"outcome": "done", "summary": "All of it is read."}))


def _turn(*calls: Call, done: int = 0) -> Turn:
    return Turn(calls=(*calls, *([Call("plan", {"done": [done]})] if done else [])))


def _texts(body: Json) -> Iterator[str]:
    for message in body["messages"]:
        for block in blocks(message["content"]):
            yield str(block.get("text", ""))
            yield from (str(part.get("text", "")) for part in blocks(block.get("content") or []))


def _first(body: Json, tool: str) -> str:
    calls = (block for message in body["messages"] for block in blocks(message["content"]))
    return next((each["id"] for each in calls if each["type"] == "tool_use" and each["name"] == tool), "lost")


@dataclass
class Weighed:
    """What came of it."""

    codes: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    calls: int = 0
    answers: int = 0
    described: int = 0
    found: bool = False
    """Whether a line was found that stands in the middle of what was cut."""
    peak_mb: float = 0.0
    largest: int = 0
    """Tokens of the largest request, as the API counted them."""
    seconds: float = 0.0
    said: str = ""

    def faults(self, pods: int) -> list[str]:
        """All that is not as it must be."""
        wrong = {
            f"it ended with {self.codes}: {self.said}": self.codes[-1:] != [0] or set(self.codes[:-1]) - {4},
            f"refused: {self.refused}": self.refused,
            f"{self.answers} answers to {self.calls} calls": self.answers != self.calls,
            f"{self.described} of {pods} pods were described": self.described != pods,
            "what was cut cannot be read on": not self.found,
            f"{self.peak_mb:.0f} MB of memory": self.peak_mb > MEMORY_MB,
        }
        return [fault for fault, is_so in wrong.items() if is_so]

    def __str__(self) -> str:
        return (
            f"{len(self.codes)} sessions, {self.calls} calls, {self.answers} answers, {self.described} pods "
            f"described, largest request {self.largest:,} tokens, peak {self.peak_mb:.0f} MB, {self.seconds:.0f} s"
        )


def weigh(log: Log, pods: int, window_tokens: int = WINDOW_TOKENS) -> Weighed:
    """Run the task in processes of their own, until it is done."""
    weighed, began = Weighed(), time.monotonic()
    with Sandbox() as sandbox, FaultProxy(sandbox.url) as kubelet, tempfile.TemporaryDirectory() as top:
        many = Pods.of(connect(At(document=sandbox.kubeconfig())), pods)
        kubelet.at(Where("GET", "/log[?]"), Stream(log.answer))
        kubelet.at(Where("GET", "/pods/web-5d9c7b6f48-[0-9]+$"), Stream(many.answer))
        sought = LINE.format(log.lines - SOUGHT, log.lines - SOUGHT, "").strip()
        reader = Reader("shop-dev", many.names, sought)
        with MessagesServer(reader.turn, window_tokens=window_tokens) as model:
            env = _environment(top, str(kubelet.kubeconfig(Path(top))), model.url)
            workspace = Path(top) / "ws"
            _desk(["init", str(workspace)], Path(top), env)
            command = ["run", "look at every pod of web in shop-dev"]
            while weighed.codes[-1:] in ([], [4]) and len(weighed.codes) < 50:
                code, peak_mb, weighed.said = _desk(command, workspace, env)
                weighed.codes.append(code)
                weighed.peak_mb = max(weighed.peak_mb, peak_mb)
                command = ["run", "--continue"]
            weighed.refused = model.refused
        _judge(weighed, workspace, sought)
    weighed.seconds = time.monotonic() - began
    return weighed


@dataclass(frozen=True)
class Pods:
    """Many, all alike but for their names: of a pod of the sandbox, which does not run so many."""

    like: Json
    names: list[str]

    @classmethod
    def of(cls, cluster: HttpCluster, count: int) -> Pods:
        """So many of `web` in shop-dev."""
        like = cluster.list("pods", "shop-dev", label_selector="app=web")[0]
        return cls(like, [f"web-5d9c7b6f48-{number:05}" for number in range(count)])

    def answer(self, path: str) -> Iterator[bytes]:
        """The pod that is asked for."""
        name = urlsplit(path).path.rpartition("/")[2]
        uid = f"00000000-0000-4000-8000-{self.names.index(name):012}"
        yield json.dumps({**self.like, "metadata": {**self.like["metadata"], "name": name, "uid": uid}}).encode()


def _judge(weighed: Weighed, workspace: Path, sought: str) -> None:
    journal = Journal(stores.opened(workspace, None), Redactor())
    described = set()
    for entry in journal.entries(types=("model_turn", "tool_result")):
        if entry.type == "model_turn":
            weighed.calls += sum(block["type"] == "tool_use" for block in entry.body["blocks"])
            usage = entry.body["usage"]
            weighed.largest = max(weighed.largest, sum(usage.values()) - usage["output_tokens"])
            continue
        weighed.answers += bool(entry.body["ok"])
        text = entry.body["text"]
        if entry.body["tool"] == "describe":
            described |= set(re.findall(r"web-[a-z0-9]+-[a-z0-9]+", text)[:1])
        weighed.found = weighed.found or (entry.body["tool"] == "read_result" and sought in text)
    journal.close()
    weighed.described = len(described)


def _environment(home: str, kubeconfig: str, url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "HOME": home,
        "GIT_CONFIG_NOSYSTEM": "1",
        "ANTHROPIC_API_KEY": "a-key-of-the-test",
        "DESK_KUBECONFIG": kubeconfig,
        "DESK_BASE_URL": url,
        "DESK_MODEL": "claude",
        "DESK_MAX_TOKENS": str(MAX_TOKENS),
    }


def _desk(command: list[str], folder: Path, env: dict[str, str]) -> tuple[int, float, str]:
    """Exit code, most memory in MB, and the end of what it said."""
    said = Path(env["HOME"]) / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", *command], cwd=folder, env=env, stdout=out, stderr=out
        )
        most_kb = 0  # of its own memory: what wait4 tells has the process that started it, too
        while process.poll() is None:
            most_kb = max(most_kb, _most_kb(process.pid))
            time.sleep(0.02)
    return process.returncode, most_kb / 1024, said.read_text()[-800:]


def _most_kb(pid: int) -> int:
    """The most that a process has had in memory so far; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def main() -> int:
    """Exit code 1 when something is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.windows.weight", description=(__doc__ or "").split(":")[1]
    )
    parser.add_argument("--log-mb", type=int, default=LOG_MB, help=f"megabytes of the log (default {LOG_MB})")
    parser.add_argument("--pods", type=int, default=PODS, help=f"how many are described (default {PODS})")
    parser.add_argument("--boundless", action="store_true", help="a kubelet that sends its whole log")
    given = parser.parse_args()
    weighed = weigh(Log(given.log_mb, given.boundless), given.pods)
    faults = weighed.faults(given.pods)
    sys.stdout.write("\n".join([str(weighed), *faults]) + "\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
