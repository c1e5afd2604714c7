"""`python -m tests.messages_api SCRIPT.yaml`: serves a script until it is interrupted, for a try by hand."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.messages_api.script import BadScript, load
from tests.messages_api.server import MessagesServer


def main() -> int:
    """Exit code 0 after an interrupt, 2 for a script that can't be played."""
    parser = argparse.ArgumentParser(prog="python -m tests.messages_api", description=__doc__)
    parser.add_argument(
        "script", type=Path, help="a YAML list of turns, with the fields of tests.messages_api.script"
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--log", type=Path, help="gets a JSON line for each request")
    given = parser.parse_args()
    try:
        turns = load(given.script)
    except BadScript as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with MessagesServer(turns, port=given.port, log=given.log) as server:
        sys.stdout.write(f"export ANTHROPIC_BASE_URL={server.url}\n")
        sys.stdout.flush()
        _wait()
    return 0


def _wait() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where whoever started it ignores the signal
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    sys.exit(main())
