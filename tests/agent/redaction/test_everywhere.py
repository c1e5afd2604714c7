"""Secrets of every kind come in by every way that text of others has, and come out by none.

Real sessions read them: `desk run` as a process, on the sandbox's API, with a played Messages API whose model also
says some itself; then people are told, by `desk serve` and `desk watch`, with a played Slack, Teams and PagerDuty.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.stores import JOURNAL
from agent.redaction import LAST_APPLIED, MARK, Redactor
from agent.sandbox import Sandbox, workloads
from agent.workspace.history import init_repository
from tests import forked
from tests.agent.humans.servers import BOT_TOKEN, ROUTING_KEY, Services, served
from tests.agent.model.claude.claude_bench import KEY, call, done
from tests.agent.redaction.planted import BREAKS, ENCODINGS, Maker, Planted, readable
from tests.agent.redaction.test_task_with_a_password import written
from tests.collector import collecting
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.changes.build import reference
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect

PLACE = "shop-staging"
NOISY = "ghcr.io/shop/noisy"
OUTPUTS = ("text", "json", "jsonl")
AT_ONCE = 40
"""So many kinds an object has."""
UP_WITHIN_S = 60.0
PAGES = ("/", "/?show=open", "/approvals", "/approvals?show=all", "/incidents", "/journal", "/journal/verification")
LINKED = r'href="(/(?:sessions|approvals)/[^"]+)"'
SERVE = (sys.executable, "-m", "agent", "serve", "--port", "0", "--log-level", "debug", "--workspace")
Put = Callable[[str], str]


@dataclass
class Planting:
    """What was planted: the channel it came in by -> what has to be nowhere."""

    made: dict[str, list[Planted]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def of(self, channel: str, put: Put = str, *, breaks: bool = False) -> list[str]:
        """Texts of a channel, one of every kind; `breaks`: those alone whose secret is broken by `put`."""
        kinds: dict[str, Planted] = {}
        for planted in Maker(len(self.made)).planted():
            is_broken = "\n" not in planted.text and not _shown(put(planted.text), planted)
            if is_broken or not breaks:
                kinds.setdefault(planted.kind, planted)
        self.made[channel] = [*kinds.values()]
        texts = [put(each.text) for each in kinds.values()]
        self.texts[channel] = "\n".join(texts)
        return texts

    def left(self, text: str) -> list[tuple[str, str]]:
        """The channel and kind of each secret that a text shows, decoded or not."""
        told = readable(text)
        runs = " ".join(set(re.findall("[A-Za-z0-9]{4,}", told)))
        every = ((channel, each) for channel, made in self.made.items() for each in made if _may_show(runs, each))
        return [(channel, each.kind) for channel, each in every if _shown(told, each)]


def _shown(text: str, planted: Planted) -> bool:
    return any(secret in text for secret in planted.secrets)


def _may_show(runs: str, planted: Planted) -> bool:
    """The same of a text's runs of letters and digits, each of them once: looked at first, for that is quick."""
    longest = [max(re.findall("[A-Za-z0-9]+", secret), key=len) for secret in planted.secrets]
    return any(len(run) < 4 or run in runs for run in longest)


def _batched(every: Sequence[Any], most: int) -> Iterator[Any]:
    return (every[begin : begin + most] for begin in range(0, len(every), most))


def _some(texts: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Texts, shared out: the number of an object -> its names and values."""
    for number, few in enumerate(_batched(texts, AT_ONCE)):
        yield number, {f"K{place}": text for place, text in enumerate(few)}


class Scene:
    """A cluster whose every channel has secrets, a model that reads them all, and a workspace."""

    def __init__(self, root: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.planting = root, Planting()
        self.kubeconfig = root.parent / "kubeconfig"
        self.kubeconfig.write_text(yaml.safe_dump(sandbox.kubeconfig()))
        self._cluster: HttpCluster = connect(Where(document=sandbox.kubeconfig()))
        self.calls: list[Call] = []
        self.task = f"look around in {PLACE}, validate {root.parent / 'chart'}, then set MODE of speaks-0 to fast"
        self._secrets()
        self._variables()
        self._config_maps()
        self._events()
        self._logs(monkeypatch)
        self._charts()

    def _make(self, kind: str, name: str, version: str = "v1", **body: Any) -> dict[str, Any]:
        metadata = {"name": name, "namespace": PLACE, **body.pop("metadata", {})}
        made = {"apiVersion": version, "kind": kind, "metadata": metadata, **body}
        return self._cluster.create(reference(made), made)

    def _reads(self, kind: str, name: str) -> None:
        self.calls += [call(tool, kind=kind, name=name, namespace=PLACE) for tool in ("get", "describe")]

    def _secrets(self) -> None:
        for number, texts in _some(self.planting.of("Secret")):
            data = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
            self._make("Secret", f"secret-{number}", data=data, type="Opaque")
            self._reads("secret", f"secret-{number}")

    def _variables(self) -> None:
        for number, texts in _some(self.planting.of("variable")):
            speaks = workloads.Workload(PLACE, f"speaks-{number}", "1").manifest()
            container = speaks["spec"]["template"]["spec"]["containers"][0]
            container["env"] = [{"name": name, "value": value} for name, value in texts.items()]
            self._make("Deployment", f"speaks-{number}", "apps/v1", spec=speaks["spec"])
            self._reads("deployment", f"speaks-{number}")
            self.calls.append(
                call("show_container", what="env", kind="Deployment", name=f"speaks-{number}", namespace=PLACE)
            )

    def _config_maps(self) -> None:
        """ConfigMaps: of the last applied, and with values of charts, all encoded and as they are."""
        for number, texts in _some(self.planting.of("last applied")):
            secret = {"kind": "Secret", "stringData": texts}
            pod = {
                "kind": "Pod",
                "spec": {"containers": [{"env": [{"name": k, "value": v} for k, v in texts.items()]}]},
            }
            annotations = {LAST_APPLIED: json.dumps(secret), "example.com/before": json.dumps(pod)}
            self._make("ConfigMap", f"applied-{number}", metadata={"annotations": annotations})
            self._reads("configmap", f"applied-{number}")
        every: dict[str, Put] = {
            "chart's values": lambda text: f"app:\n  note: |\n    {text}".replace("\n", "\n    "),
            **ENCODINGS,
        }
        for name, put in every.items():
            for number, texts in _some(self.planting.of(name, put)):
                called = f"{re.sub('[^a-z0-9]+', '-', name.lower())}-{number}"
                self._make("ConfigMap", called, data=texts)
                self.calls.append(call("get", kind="configmap", name=called, namespace=PLACE))

    def _events(self) -> None:
        about = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "speaks-0", "namespace": PLACE}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for number, text in enumerate(self.planting.of("event")):
            self._make(
                "Event", f"speaks.{number}", involvedObject=about, reason=f"Said{number}", type="Warning",
                message=text, firstTimestamp=stamp, lastTimestamp=stamp, count=1,
            )  # fmt: skip
        self.calls.append(call("events", namespace=PLACE))

    def _logs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = {"log": self.planting.of("log"), "stack trace": self.planting.of("trace", ENCODINGS["stack trace"])}
        said |= {name: self.planting.of(name, put, breaks=True) for name, put in BREAKS.items()}
        for pod, (_, texts) in enumerate(each for every in said.values() for each in _some(every)):
            lines = [line for text in texts.values() for line in ("it says:", *text.split("\n"))]
            app = workloads.App(log=("begins", *lines, "ends"))
            monkeypatch.setattr(workloads, "APPS", {**workloads.APPS, f"{NOISY}{pod}": app})
            spec = {"containers": [{"name": "app", "image": f"{NOISY}{pod}:1"}], "restartPolicy": "Always"}
            self._make("Pod", f"noisy-{pod}", spec=spec)
            self.calls.append(call("logs", namespace=PLACE, pod=f"noisy-{pod}", tail_lines=2000))
        _until(lambda: all(each.get("status", {}).get("phase") == "Running" for each in self._noisy()))

    def _noisy(self) -> list[dict[str, Any]]:
        pods = self._cluster.list("pod", PLACE)
        return [each for each in pods if each["metadata"]["name"].startswith("noisy-")]

    def _charts(self) -> None:
        """What a chart renders with its values, in files that somebody has checked out."""
        folder = self.root.parent / "chart"
        folder.mkdir()
        values = {f"note{n}": text for n, text in enumerate(self.planting.of("values.yaml"))}
        metadata = {"name": "values", "namespace": PLACE}
        rendered = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values}
        (folder / "rendered.yaml").write_text(yaml.safe_dump(rendered))
        self.calls.append(call("validate_manifests", namespace=PLACE, path=str(folder)))


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + UP_WITHIN_S
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


class Told:
    """What everybody was told: the channel of output -> all of its text. Another channel is another line."""

    def __init__(self, scene: Scene, services: Services) -> None:
        self._scene, self._services = scene, services
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(scene.kubeconfig),
            "DESK_SLACK_BOT_TOKEN": BOT_TOKEN,
            "DESK_SLACK_SIGNING_SECRET": "played-signing-secret",
            "DESK_TEAMS_WEBHOOK_URL": services.teams,
            "DESK_PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
        }
        self.every: dict[str, str] = {}

    def run(self, name: str, *arguments: str, env: Mapping[str, str] | None = None, clock_s: float = 0.0) -> int:
        """A command, to its end."""
        options = ("--workspace", self._scene.root)
        process = forked.start([*arguments, *options], env={**self._environment, **(env or {})}, clock_s=clock_s)
        out, err = process.communicate(120)
        self.every[name] = out + err
        return process.wait()

    def serve(self) -> None:
        """Each page, and what it is told live; `desk serve` asks people meanwhile."""
        with _process([*SERVE, self._scene.root], self._environment) as desk:
            assert desk.stdout is not None
            said = [desk.stdout.readline()]
            while not (link := re.search(r"(http://\S+)/login/link\S+", said[-1])):
                assert said[-1], "it has ended"
                said.append(desk.stdout.readline())
            with httpx.Client(base_url=link[1], timeout=60, follow_redirects=True) as client:
                _until(lambda: len(self._services.messages) + len(self._services.cards) >= len(OUTPUTS))
                pages = {path: client.get(path).text for path in (link[0], *PAGES)}
                linked = {each for page in pages.values() for each in re.findall(LINKED, page)}
                pages |= {path: client.get(path).text for path in linked}
                with client.stream("GET", "/events") as live:
                    pages["/events"] = next(live.iter_text())
                pages["/metrics"] = client.get("/metrics").text
        assert len(linked) >= 2 * len(OUTPUTS)
        self.every |= {"pages": "\n".join(pages.values()), "serve": "".join((*said, desk.stdout.read()))}


@contextlib.contextmanager
def _process(command: Sequence[Any], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen([*map(str, command)], env=environment, cwd=forked.TOP, **streams)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _turns(scene: Scene, output: str, place: int) -> list[Turn]:
    """A session's: all channels are read in one, a third of them in each of the others; then a change asks."""
    planting, calls = scene.planting, scene.calls if output == "jsonl" else scene.calls[place::7]
    own = dict(zip(map("OWN_{}".format, range(AT_ONCE)), planting.of(f"arguments, {output}"), strict=False))
    where = {"kind": "Deployment", "name": f"speaks-{place}", "namespace": PLACE}
    orders = tuple(call("set_env", **where, variables=variables) for variables in (own, {"MODE": "fast"}))
    words = "" if output == "text" else "\n".join(planting.of(f"words, {output}"))
    end = done("\n".join(planting.of(f"summary, {output}")))
    return [*(Turn(calls=tuple(few)) for few in _batched(calls, 12)), Turn(say=words, calls=orders), end]


def test_no_secret_comes_out_anywhere(tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "workspace"
    init_repository(root)
    with Sandbox() as sandbox, served() as services, collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        channels = f"slack_channel: C0DESK, slack_api: '{services.slack}', pagerduty_api: '{services.pagerduty}'"
        (root / "desk.yaml").write_text(f"channels: {{{channels}}}\n")
        scene = Scene(root, sandbox, monkeypatch)
        told, models = Told(scene, services), list[Any]()
        for place, output in enumerate(OUTPUTS):
            asked = " ".join(text for text in scene.planting.of(f"task, {output}") if "\n" not in text)
            with MessagesServer(_turns(scene, output, place)) as server:
                claude = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
                code = told.run(output, "run", "--output", output, f"{scene.task}. {asked}", env=claude)
                assert code == 3, told.every[output]
                models.append(server.requests[-1])  # each has all that came before
        services.faults["slack"].append("refused")
        told.run("watch", "watch", "--once")
        told.serve()
        told.run("watch, later", "watch", "--once", "--output", "jsonl", clock_s=31 * 60)
        for name, arguments in {
            "sessions": ("sessions", "-o", "json"),
            "approvals": ("approvals", "list", "-o", "json"),
            "journal": ("journal", "export"),
        }.items():
            assert told.run(name, *arguments) == 0
        told.every |= {
            "model": json.dumps(models),
            "Slack": json.dumps([(each.body, each.updates) for each in services.messages]),
            "Teams": json.dumps(services.cards),
            "PagerDuty": json.dumps(services.events),
            "OTLP": b"".join(collector.raw).decode("latin-1"),
            "journal, files, git": written(root).decode("latin-1"),
        }
        assert {name: len(scene.planting.left(text)) for name, text in scene.planting.texts.items()} == {
            name: len(made) for name, made in scene.planting.made.items()
        }
        assert {name: left for name, text in told.every.items() if (left := scene.planting.left(text))} == {}
        assert {name for name, text in told.every.items() if MARK not in text} <= {
            "watch", "watch, later", "serve", "OTLP",
        }  # fmt: skip
        assert len(collector.named("execute_tool")) > 20
        with contextlib.closing(Journal(SqliteStore(root / JOURNAL), Redactor())) as journal:
            results = [entry.body for entry in journal.entries(types=("tool_result",))]
        assert {body["text"][:60] for body in results if not body["ok"]} == {
            "Refused: the value of OWN_0 looks like a secret, and nothing"
        }
