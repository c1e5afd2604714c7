"""What the shared cluster serves: plain Kubernetes, or OpenShift's project API too. It is one for all workers."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SWITCH = Path(__file__).parents[3] / "shared/kube/openshift"
ARGO_CD = Path(__file__).parents[3] / "shared/kube/crds/argocd.yaml"
ARGO_CD_PROJECTS = "appprojects.argoproj.io"
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


@contextmanager
def argo_cd() -> Iterator[None]:
    """While this runs, the cluster serves Argo CD's kinds, and is otherwise as it was."""
    with LOCK.with_name("argo-cd.lock").open("a") as lock, unchanged():
        fcntl.flock(lock, fcntl.LOCK_EX)
        kinds = _kubectl("get", "crd", "--ignore-not-found", "-o", "name", ARGO_CD_PROJECTS)
        _kubectl("apply", "-f", str(ARGO_CD))
        try:
            _kubectl("wait", "--for=condition=Established", "-f", str(ARGO_CD), "--timeout=30s")
            yield
        finally:
            if not kinds:  # nobody else had them served
                _kubectl("delete", "-f", str(ARGO_CD), "--wait=false")


def _kubectl(*arguments: str) -> bytes:
    environment = {**os.environ, "KUBECONFIG": os.environ["DESK_TEST_KUBECONFIG"]}
    done = subprocess.run(["kubectl", *arguments], check=True, capture_output=True, timeout=60, env=environment)
    return done.stdout
