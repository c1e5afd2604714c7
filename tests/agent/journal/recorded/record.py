"""How the files of this folder were made: a workspace as the version before the journal's own port left it.

Run with that version's tree before this one on the path, in that tree's environment:

    git worktree add --detach /tmp/before 3b628c6
    PYTHONPATH=/tmp/before python tests/agent/journal/recorded/record.py tests/agent/journal/recorded

Three sessions on the sandbox's API, which is reached as http://recorded.test through a proxy: the name is the
cluster's fingerprint. One is closed, one waits for an approval, one was killed when its effect was made and nothing
had said so yet. `journal.db.gz` and `history.bundle` are the workspace's, `deployments.json` is what the sessions
left in the cluster.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from agent.sandbox import Sandbox
from agent.workspace.history import init_repository
from tests.faults.proxy import FaultProxy, Meanwhile, Where
from tests.faults.scene import Scene, set_memory

TOUCHED = (("shop-dev", "checkout"), ("shop-staging", "checkout"), ("shop-dev", "payments"))
EFFECT = Where("PATCH", "/deployments/payments[?](?!.*dryRun)")


def kubeconfig(file: Path, proxy: str) -> Path:
    """One by which http://recorded.test is reached through this proxy."""
    document = yaml.safe_load(file.read_text())
    document["clusters"][0]["cluster"] = {"server": "http://recorded.test", "proxy-url": proxy}
    file.write_text(yaml.safe_dump(document))
    return file


def run(scene: Scene) -> None:
    """The three sessions."""
    assert scene.desk(*set_memory("64Mi")).returncode == 0
    assert scene.desk(*set_memory("64Mi", namespace="shop-staging")).returncode == 3
    begun = scene.start(*set_memory("192Mi", name="payments"))
    scene.proxy.at(EFFECT, Meanwhile(begun.process.kill, done=True))
    assert begun.end().returncode == -9


def keep(scene: Scene, folder: Path) -> None:
    """The workspace and the touched part of the cluster, as files."""
    file = scene.root / ".desk/journal.db"
    with contextlib.closing(sqlite3.connect(file)) as journal:
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (folder / "journal.db.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    bundle = ("git", "-C", str(scene.root), "bundle", "create", "--quiet", str(folder / "history.bundle"), "main")
    subprocess.run(bundle, check=True)
    live = [scene.other.get("deployment", name, namespace) for namespace, name in TOUCHED]
    (folder / "deployments.json").write_text(json.dumps(live, indent=1, sort_keys=True) + "\n")


def main(folder: Path) -> None:
    """Record, in a home of its own."""
    place = Path(tempfile.mkdtemp())
    (place / "gitconfig").write_text("[user]\n\tname = Kim\n\temail = kim@example.com\n")
    os.environ |= {"HOME": str(place), "GIT_CONFIG_GLOBAL": str(place / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
    init_repository(place / "workspace")
    with Sandbox() as sandbox, FaultProxy(sandbox.url) as proxy:
        scene = Scene(place / "workspace", sandbox, proxy, place)
        kubeconfig(scene.kubeconfig, f"http://127.0.0.1:{proxy.server_port}")
        run(scene)
        keep(scene, folder)
    shutil.rmtree(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
