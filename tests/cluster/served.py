"""What the shared cluster serves: plain Kubernetes, or OpenShift's project API too. It is one for all workers."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SWITCH = Path(__file__).parents[3] / "shared/kube/openshift"
LOCK = Path(os.environ.get("DESK_KUBE_DIR", "/var/lib/desk-kube")) / "run/openshift.lock"


@contextmanager
def unchanged() -> Iterator[None]:
    """While this runs, nobody turns OpenShift on or off."""
    with LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def openshift() -> Iterator[None]:
    """While this runs, the cluster is an OpenShift, and nobody works on it who counts on plain Kubernetes."""
    with LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            turn("on")
            yield
        finally:
            turn("off")


def turn(to: str) -> None:
    """Turn it on or off."""
    subprocess.run([SWITCH, to], check=True, capture_output=True, timeout=90)
