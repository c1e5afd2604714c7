"""What a person types: the commands of remedies, run on the real cluster, where none of them changes anything.

What only reads is run as it stands. What changes is sent as a dry run, which the API server judges as if it were
meant; an editor that changes nothing opens what is to be edited. What a command deletes and then makes anew is
judged as something new. What waits for a file that only a person has is not run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.tools.diagnose.real_cluster import KUBECONFIG
from tools.json import Json

WITHIN_S = 60
_OF_A_PERSON = re.compile(r"=(?:/tmp/)?[A-Z][A-Z_]{3,}\b|<[a-z-]+>|\bFILE\b|\$HOME")
"""`--cert=CERTIFICATE_FILE`."""
_KUBECTL = """#!/bin/bash
case "$1 $2" in
  "rollout restart"|"rollout pause"|"rollout resume") shift 2; exec {kubectl} get "$@" ;;
  exec*) pod=$2; shift 2; [ "$1" = -n ] && exec {kubectl} get pod "$pod" -n "$2"; exec {kubectl} get pod "$pod" ;;
esac
deleted="$0.$PPID"
case "$1 $2" in
  delete*) touch "$deleted" ;;
  "replace --force") touch "$deleted"; shift ;;
esac
case "$1" in
  wait) [ -e "$deleted" ] && shift 2 && exec {kubectl} get "${{@/--timeout=*/--ignore-not-found}}" ;;
  --force|apply|create)
    if [ -e "$deleted" ]; then
      shift
      said=$({kubectl} create --dry-run=server "$@" 2>&1) && exit 0
      case "$said" in *AlreadyExists*|*"already exists"*) exit 0 ;; esac
      echo "$said" >&2
      exit 1
    fi ;;
esac
case "$1 $2" in
  patch*|apply*|create*|delete*|scale*|set*|replace*|annotate*|label*|"rollout undo")
    for word; do [ "$word" = -- ] && exit 3; done
    exec {kubectl} "$@" --dry-run=server ;;
esac
exec {kubectl} "$@"
"""


def not_working(findings: Iterable[Json], folder: Path) -> list[str]:
    """The remedies whose commands fail, with cause and what was said; of each cause and title one is run."""
    kubectl = folder / "kubectl"
    kubectl.write_text(_KUBECTL.format(kubectl=shutil.which("kubectl")))
    kubectl.chmod(0o755)
    some = {
        (finding["cause"], re.sub(r"\d+", "", remedy["title"]), remedy["command"].split(" -n ")[0][:24]): remedy
        for finding in findings
        for remedy in finding["remedies"]
        if remedy["command"] and not _OF_A_PERSON.search(remedy["command"])
    }
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda remedy: _failure(remedy["command"], folder), some.values()))
    return [
        f"{cause}: {remedy['title']}\n  {remedy['command']}\n  {failure}"
        for ((cause, _, _), remedy), failure in zip(some.items(), said, strict=True)
        if failure
    ]


def _failure(command: str, folder: Path) -> str:
    """What a command said as it failed; empty where it did not."""
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "KUBECONFIG": KUBECONFIG, "EDITOR": "true", "KUBE_EDITOR": "true", "PATH": path}
    try:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it does not end within {WITHIN_S} s"
    return "" if done.returncode == 0 else (done.stderr or done.stdout or f"exit code {done.returncode}").strip()
