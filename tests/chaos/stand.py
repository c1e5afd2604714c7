"""What one worker has for its sessions, and how it lets go of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.audit import AuditLog
from tests.chaos.ground import Access, Ground
from tests.chaos.life import Budget, Executioner
from tests.chaos.proxy import Proxy
from tests.chaos.script import turn
from tests.messages_api.server import MessagesServer

TEMPLATE = "template"


@dataclass(frozen=True)
class Stand:
    """A worker's own namespace and proxy; the model and the audit log are everybody's."""

    root: Path
    ground: Ground
    proxy: Proxy
    audit: AuditLog
    model: MessagesServer
    kubeconfig: str
    approver_kubeconfig: str

    def executioner(self, budget: Budget) -> Executioner:
        """Who runs and kills the processes of a session."""
        return Executioner(self.proxy, budget)

    def folder(self, name: str) -> Path:
        """A folder for one session: `ws`, a copy of a fresh workspace, `tmp` and a log."""
        folder = self.root / name
        (folder / "tmp").mkdir(parents=True)
        shutil.copytree(self.root.parent / TEMPLATE, folder / "ws", symlinks=True)
        return folder


@contextmanager
def stands(root: Path, kubeconfig: str, workers: int) -> Iterator[list[Stand]]:
    """So many workers' stands below `root`. Their namespaces are deleted in the end."""
    access = Access.of(kubeconfig)
    _make_template(root / TEMPLATE)
    with ExitStack() as stack:
        audit = AuditLog()
        stack.callback(audit.close)
        model = stack.enter_context(MessagesServer(turn))
        yield [_stand(root / f"worker-{n}", access, audit, model, stack) for n in range(workers)]


def _make_template(folder: Path) -> None:
    from agent.workspace.history import init_repository

    init_repository(folder)
    for key, value in (("user.name", "Desk"), ("user.email", "desk@localhost")):
        subprocess.run(["git", "-C", str(folder), "config", key, value], check=True)


def _stand(root: Path, access: Access, audit: AuditLog, model: MessagesServer, stack: ExitStack) -> Stand:
    root.mkdir()
    ground = Ground(access)
    stack.callback(ground.remove)
    token = ground.make()
    proxy = Proxy(access)
    stack.callback(proxy.server_close)
    stack.callback(proxy.shutdown)
    return Stand(
        root, ground, proxy, audit, model,
        proxy.kubeconfig(root / "desk.yaml", ground.namespace),
        proxy.kubeconfig(root / "approver.yaml", ground.namespace, token),
    )  # fmt: skip
