"""The Job of a session: pure.

Sources: https://kubernetes.io/docs/concepts/workloads/controllers/job/,
https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted),
https://kueue.sigs.k8s.io/docs/tasks/run/jobs/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agent.dispatch.request import Request
from agent.errors import ExitCode
from tools.json import Json

if TYPE_CHECKING:
    from agent.settings import DispatchSettings

MANAGER = "desk-dispatch"
SELECTOR = f"app.kubernetes.io/managed-by={MANAGER}"
KEY, NUMBER, REQUEST = "desk.agent/session-key", "desk.agent/number", "desk.agent/request"
QUEUE = "kueue.x-k8s.io/queue-name"
CONTAINER = "session"
CLONE = "/workspace/desk"
CREDENTIALS = "/etc/desk/git"


def name_of(request: Request, number: int) -> str:
    """The name of a session key's Job of that number, from 1: whoever makes it, it is the same."""
    return f"desk-{request.key}-{number}"


def job(request: Request, number: int, settings: DispatchSettings, namespace: str, *, queued: bool = False) -> Json:
    """The Job's manifest; `queued`: Kueue starts it when there is room."""
    labels = {
        "app.kubernetes.io/name": "desk",
        "app.kubernetes.io/component": "session",
        "app.kubernetes.io/managed-by": MANAGER,
        KEY: request.key,
        NUMBER: str(number),
    }
    queue = {QUEUE: settings.queue} if queued and settings.queue else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name_of(request, number),
            "namespace": namespace,
            "labels": {**labels, **queue},
            "annotations": {REQUEST: msgspec.json.encode(request).decode()},
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": settings.deadline_s,
            "ttlSecondsAfterFinished": settings.keep_s,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _FAILURES},
            **({"suspend": True} if queue else {}),
            "template": {"metadata": {"labels": labels}, "spec": _pod(request, settings)},
        },
    }


_FAILURES = [
    # A pod that Kubernetes itself takes away, as for a node that is drained, is replaced within its Job.
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    # Wrong settings stay wrong.
    {
        "action": "FailJob",
        "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [int(ExitCode.USAGE)]},
    },
]


def _pod(request: Request, settings: DispatchSettings) -> Json:
    """A fresh clone of the workspace, then the session in it."""
    clone = {
        "name": "clone",
        "command": ["git", "clone", "--quiet", "--single-branch", settings.repository, CLONE],
        "env": [{"name": "GIT_TERMINAL_PROMPT", "value": "0"}],
    }
    session = {
        "name": CONTAINER,
        "args": [_literal(each) for each in _arguments(request)],
        "env": [{"name": "DESK_WORKSPACE", "value": CLONE}, {"name": "DESK_REMOTE", "value": "origin"}],
        "envFrom": [{"secretRef": {"name": settings.secret}}],
    }
    return {
        "restartPolicy": "Never",
        "serviceAccountName": settings.service_account,
        "terminationGracePeriodSeconds": settings.grace_s,
        "enableServiceLinks": False,
        "shareProcessNamespace": True,  # as process 1, a session that only begins would not hear SIGTERM
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"imagePullSecrets": [{"name": settings.pull_secret}]} if settings.pull_secret else {}),
        "initContainers": [_container(clone, settings)],
        "containers": [_container(session, settings)],
        "volumes": [
            {"name": "workspace", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
            {"name": "git", "secret": {"secretName": settings.git_secret, "optional": True}},
        ],
    }


def _container(container: Json, settings: DispatchSettings) -> Json:
    return {
        **container,
        "image": settings.image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {
            "requests": {"cpu": settings.cpu, "memory": settings.memory, "ephemeral-storage": "64Mi"},
            "limits": {"cpu": settings.cpu_limit, "memory": settings.memory_limit, "ephemeral-storage": "1Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "workspace", "mountPath": "/workspace"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod's own
            {"name": "git", "mountPath": CREDENTIALS, "readOnly": True},
        ],
    }


def _arguments(request: Request) -> list[str]:
    flags = {"--read-only": request.read_only, "--dry-run": request.dry_run}
    return [
        "run",
        "--as-job",
        *(["--namespace", request.namespace] if request.namespace else []),
        *(flag for flag, given in flags.items() if given),
        "--session-key",
        request.session_key,
        "--",
        request.task,
    ]


def _literal(argument: str) -> str:
    """An argument that the kubelet leaves as it is: `$(NAME)` would be a variable's value."""
    return argument.replace("$", "$$")
