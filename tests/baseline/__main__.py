"""One session of the plain agent as a process: `python -m tests.baseline DIR --turns 20`.

Run it again in the same DIR and it goes on from the newest checkpoint there. Each turn's tool call makes one
effect, for example a patch of a Deployment, whose API server's audit log then counts how often it was made:

    python -m tests.baseline DIR --turns 5 --effect-method PATCH \\
        --effect-url https://HOST:6443/apis/apps/v1/namespaces/NS/deployments/NAME \\
        --effect-body '{"metadata": {"annotations": {"turn": "{turn}"}}}' \\
        --effect-header 'Content-Type: application/merge-patch+json' --ca CA --cert CERT --key KEY

It prints one JSON object: {"resumed", "turns", "messages"}.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from langchain_core.messages import AIMessage

from tests.baseline import effects, plain
from tests.baseline.model import scripted

AGENT = "plain-agent"
"""The User-Agent of its requests, which an audit log tells it by."""


def main() -> None:
    """Begin or resume."""
    given = _parser().parse_args()
    given.dir.mkdir(parents=True, exist_ok=True)
    model = _slow(scripted(given.turns), given.think_s)
    done = plain.run(given.dir, model, _tool(given), max_turns=given.turns, durability=given.durability)
    print(json.dumps({"resumed": done.resumed, "turns": done.turns, "messages": len(done.messages)}))


def _slow(model: plain.Model, think_s: float) -> plain.Model:
    def thinking(turn: int) -> AIMessage:
        time.sleep(think_s)
        return model(turn)

    return thinking


def _tool(given: argparse.Namespace) -> plain.Tool:
    if given.effect_file:
        return effects.Line(given.effect_file)
    if not given.effect_url:
        return effects.nothing
    headers = {"User-Agent": AGENT}
    for header in given.effect_header:
        name, _, value = header.partition(":")
        headers[name.strip()] = value.strip()
    trust = effects.tls(given.ca, given.cert, given.key) if given.effect_url.startswith("https:") else None
    return effects.Request(given.effect_url, given.effect_method, given.effect_body, headers, trust)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.baseline", description="The plain LangGraph agent.")
    parser.add_argument("dir", type=Path, help="where its checkpoints are")
    parser.add_argument("--turns", type=int, default=20, help="turns with a tool call (default 20)")
    parser.add_argument("--think-s", type=float, default=0.0, help="seconds the model takes for a turn")
    parser.add_argument(
        "--durability",
        choices=("sync", "async", "exit"),
        help=f"default: {plain.DEFAULT_DURABILITY}, the library's",
    )
    parser.add_argument("--effect-file", type=Path, help="each turn appends its number to this file")
    parser.add_argument("--effect-url", default="", help="each turn sends a request here; {turn} is its number")
    parser.add_argument("--effect-method", default="PATCH")
    parser.add_argument("--effect-body", default="", help="{turn} is the turn's number")
    parser.add_argument("--effect-header", action="append", default=[], metavar="NAME: VALUE")
    parser.add_argument("--ca", default="", help="PEM file of the server's CA")
    parser.add_argument("--cert", default="", help="PEM file of the client's certificate")
    parser.add_argument("--key", default="", help="PEM file of its key")
    return parser


if __name__ == "__main__":
    main()
