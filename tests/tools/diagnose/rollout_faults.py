"""Rollouts, Jobs, CronJobs, autoscalers and budgets, each wrong in one thing, and some that are right."""

from __future__ import annotations

from typing import Any

from tools.json import Json

SLEEP = "sleep 3600"
SERVE = "httpd -f -p 8080"


def template(name: str, run: str = SLEEP, *, container: Json | None = None, **spec: Any) -> Json:
    """A pod template with one container, app."""
    app = {"name": "app", "image": "busybox:1", "command": ["sh", "-c", run], **(container or {})}
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [app], **spec},
    }


def workload(kind: str, name: str, pods: Json, **spec: Any) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": pods, **spec},
    }


def deployment(name: str, run: str = SLEEP, *, container: Json | None = None, **spec: Any) -> Json:
    return workload("Deployment", name, template(name, run, container=container), **spec)


def job(name: str, run: str, **spec: Any) -> Json:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template(name, run, restartPolicy="Never")} | spec,
    }


def cron_job(name: str, schedule: str = "* * * * *", run: str = "true", **spec: Any) -> Json:
    pods = template(name, run, restartPolicy=spec.pop("restart_policy", "Never"))
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": {"backoffLimit": 0, "template": pods}}, **spec},
    }


def autoscaler(name: str, target: str, *metrics: Json, replicas: int = 2) -> Json:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "minReplicas": 1,
            "maxReplicas": replicas,
            "metrics": list(metrics) or [cpu(50)],
        },
    }


def cpu(percent: int) -> Json:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def requests(cores: str) -> Json:
    return {"resources": {"requests": {"cpu": cores}, "limits": {"cpu": "50m"}}}


def budget(name: str, app: str, **spec: Any) -> Json:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": app}}, **spec},
    }


PER_SECOND: Json = {
    "type": "Pods",
    "pods": {"metric": {"name": "requests_per_second"}, "target": {"type": "AverageValue", "averageValue": "10"}},
}
QUICK = {"periodSeconds": 1, "failureThreshold": 1}

NEVER_READY = {"readinessProbe": {"exec": {"command": ["false"]}}}
"""Else a container that ends at once may be taken for ready before it has, and its successor is made."""
ENDS_IT = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
_ENDS_LATE = {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 290"]}}}}
DRAINS = workload(
    "Deployment",
    "recreated",
    template("recreated", container=_ENDS_LATE, terminationGracePeriodSeconds=300),
    strategy={"type": "Recreate"},
)
"""In a namespace of its own: what a pod that is being deleted still holds, others may be waiting for."""
UNSAFE: Json = {"securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "9"}]}}
"""What no kubelet allows unless it is told to."""
PROXY = {"name": "istio-proxy", "image": "busybox:1", "command": ["sh", "-c", SLEEP]}
WITH_PROXY: Json = {"containers": [{"name": "app", "image": "busybox:1", "command": ["true"]}, PROXY]}
GATED = [{"conditionType": "example.com/load-balanced"}]

MANIFESTS: list[Json] = [
    deployment("web", container=requests("50m")),
    deployment("web-pair", replicas=2),
    deployment("paused"),
    workload("Deployment", "gated", template("gated", readinessGates=GATED), progressDeadlineSeconds=5),
    deployment("bad-image"),
    deployment("bad-command", minReadySeconds=5),
    deployment("bad-config"),
    deployment("bad-probe", SERVE, container={"readinessProbe": {"tcpSocket": {"port": 8080}, **QUICK}}),
    deployment("in-turn", container={"ports": [{"containerPort": 8080, "hostPort": 28473}]}),
    workload("StatefulSet", "worse", template("worse"), serviceName="worse", replicas=2),
    workload(
        "StatefulSet",
        "stuck",
        template("stuck", "echo no licence; exit 3", container=NEVER_READY),
        serviceName="stuck",
    ),
    workload(
        "StatefulSet",
        "ordered",
        template("ordered", "exit 4", container=NEVER_READY),
        serviceName="ordered",
        replicas=3,
    ),
    workload("DaemonSet", "nowhere", template("nowhere", nodeSelector={"disk": "ssd"})),
    workload("DaemonSet", "everywhere", template("everywhere")),
    job("done", "true"),
    job("gives-up", "echo ERROR: table orders is missing; exit 3", backoffLimit=0),
    job("hopeless", "exit 42", podFailurePolicy={"rules": [ENDS_IT]}),
    job("too-slow", SLEEP, activeDeadlineSeconds=5),
    cron_job("right"),
    cron_job("strict", startingDeadlineSeconds=5),
    cron_job("suspended", suspend=True),
    cron_job("no-such-day", "0 0 30 2 *"),
    cron_job("overlaps", run=SLEEP, concurrencyPolicy="Forbid"),
    cron_job("too-strict", startingDeadlineSeconds=0),
    cron_job("fails", run="echo ERROR: no route to bank; exit 5"),
    deployment("unasked"),
    deployment("busy", "while :; do :; done", container=requests("10m")),
    autoscaler("web", "web"),
    autoscaler("no-target", "wbe"),
    autoscaler("no-requests", "unasked"),
    autoscaler("no-metrics", "web-pair", PER_SECOND),
    autoscaler("at-maximum", "busy", replicas=1),
    {
        "apiVersion": "v1",
        "kind": "Pod",
        **template("alone"),
        "metadata": {"name": "alone", "labels": {"app": "alone"}},
    },
    workload(
        "DaemonSet",
        "unsafe",
        template("unsafe", **UNSAFE),
    ),
    job("refused", "true", backoffLimit=0, template=template("refused", **UNSAFE, restartPolicy="Never")),
    job("beside", "true", template=template("beside", "true", **WITH_PROXY, restartPolicy="Never")),
    cron_job("never", run="exit 5", failedJobsHistoryLimit=0),
    deployment("shared", container=requests("10m")),
    autoscaler("first", "shared"),
    autoscaler("second", "shared"),
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "edge"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    },
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "grown"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "none",
            "resources": {"requests": {"storage": "1Mi"}},
        },
    },
    budget("one-of-one", "web", minAvailable=1),
    budget("one-of-two", "web-pair", minAvailable=1),
    budget("nothing", "nothing", minAvailable=1),
    budget("uncounted", "alone", maxUnavailable=1),
    budget("overlap-1", "everywhere", maxUnavailable=1),
    budget("overlap-2", "everywhere", maxUnavailable=1),
]


def changed(**container: Any) -> Json:
    """A patch of the one container of a workload's template."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", **container}]}}}}


CHANGES: dict[tuple[str, str], Json] = {
    ("deployments", "paused"): {"spec": {"paused": True, **changed(env=[{"name": "A", "value": "b"}])["spec"]}},
    ("deployments", "in-turn"): changed(env=[{"name": "A", "value": "b"}]),
    ("deployments", "bad-image"): changed(image="busybox:none"),
    ("deployments", "bad-command"): changed(command=["sh", "-c", "echo ERROR: no licence; exit 7"]),
    ("deployments", "bad-config"): changed(envFrom=[{"configMapRef": {"name": "nothing"}}]),
    ("deployments", "bad-probe"): changed(readinessProbe={"tcpSocket": {"port": 8081}}),
    ("statefulsets", "worse"): changed(command=["sh", "-c", "exit 6"], **NEVER_READY),
    ("statefulsets", "stuck"): changed(command=["sh", "-c", SLEEP], readinessProbe=None),
}
"""What is changed once all of it runs, or has failed."""

SERVED = "the version before still serves"
FOUND: dict[tuple[str, str, str], tuple[str, str]] = {
    ("Deployment", "paused", "RolloutPaused"): ("warning", "its newest template is not rolled out"),
    ("Deployment", "gated", "ProgressDeadlineExceeded"): (
        "error",
        "no progress for 5 s: 0 of 1 pods are available; their readiness gate example.com/load-balanced is not met",
    ),
    ("Deployment", "bad-image", "ImagePullBackOff"): ("error", SERVED),
    ("Deployment", "bad-command", "CrashLoopBackOff"): ("error", SERVED),
    ("Deployment", "bad-config", "CreateContainerConfigError"): ("error", SERVED),
    ("Deployment", "bad-probe", "ReadinessProbeFailed"): ("warning", SERVED),
    ("Deployment", "in-turn", "Pending"): (
        "error",
        "still serves, and with maxUnavailable 0 none of its pods goes",
    ),
    ("StatefulSet", "worse", "CrashLoopBackOff"): ("error", "pods of the template before still serve"),
    ("StatefulSet", "stuck", "RolloutBlocked"): (
        "error",
        "it waits for pod stuck-0 of another: container app ends with exit code 3",
    ),
    ("StatefulSet", "ordered", "CrashLoopBackOff"): ("error", "2 more pods are not made before it is Ready"),
    ("DaemonSet", "nowhere", "DaemonSetNotScheduled"): ("warning", "disk=ssd; no node has the label disk"),
    ("Job", "gives-up", "BackoffLimitExceeded"): (
        "error",
        "its backoffLimit is 0: container app ends with exit code 3 (an error of the application's own); "
        'its log says "ERROR: table orders is missing"',
    ),
    ("Job", "hopeless", "BackoffLimitExceeded"): ("error", "exit code 42 matching FailJob rule at index 0"),
    ("Job", "too-slow", "DeadlineExceeded"): ("error", "ended after its activeDeadlineSeconds of 5"),
    ("CronJob", "fails", "BackoffLimitExceeded"): (
        "error",
        "exit code 5 (an error of the application's own); its log",
    ),
    ("CronJob", "suspended", "CronJobSuspended"): ("info", "it starts no Jobs"),
    ("CronJob", "no-such-day", "CronJobScheduleInvalid"): ("error", 'its schedule "0 0 30 2 *" never comes'),
    ("CronJob", "overlaps", "CronJobForbidden"): ("warning", "still runs, since 20"),
    ("CronJob", "too-strict", "CronJobMissedRuns"): (
        "warning",
        "none was ever started; its startingDeadlineSeconds of 0 leaves",
    ),
    ("HorizontalPodAutoscaler", "no-target", "HPATargetMissing"): ("error", "Deployment wbe, which does not exist"),
    ("Deployment", "unasked", "HPANoRequests"): (
        "error",
        "container app of Deployment unasked has no request for cpu",
    ),
    ("HorizontalPodAutoscaler", "no-metrics", "HPANoMetrics"): (
        "error",
        "unable to get metric requests_per_second: unable to fetch metrics from custom metrics API",
    ),
    ("HorizontalPodAutoscaler", "at-maximum", "HPAAtMaximum"): ("warning", "at its maximum of 1 replica and wants"),
    ("DaemonSet", "unsafe", "PodFailed"): ("error", "does not allow sysctl net.core.somaxconn"),
    ("Job", "refused", "PodFailed"): (
        "error",
        "Job refused failed with its pod (SysctlForbidden): the kubelet of node",
    ),
    ("Job", "beside", "JobHeldBySidecar"): (
        "error",
        "Job beside cannot complete: container app ended with exit code 0",
    ),
    ("CronJob", "never", "CronJobNotSucceeding"): ("error", "has never succeeded: its last run was started for 20"),
    ("HorizontalPodAutoscaler", "first", "UnhealthyCondition"): (
        "error",
        "ScalingActive is False (AmbiguousSelector)",
    ),
    ("HorizontalPodAutoscaler", "second", "UnhealthyCondition"): (
        "error",
        "ScalingActive is False (AmbiguousSelector)",
    ),
    ("Service", "edge", "LoadBalancerPending"): ("warning", "nothing in this cluster seems to make load balancers"),
    ("PersistentVolumeClaim", "grown", "UnhealthyCondition"): (
        "error",
        "ModifyVolumeError is True: the class is not known",
    ),
    ("PodDisruptionBudget", "one-of-one", "PDBBlocksDisruption"): (
        "warning",
        "with minAvailable 1 it wants 1 healthy, and there is 1 in all",
    ),
    ("PodDisruptionBudget", "uncounted", "PDBBlocksDisruption"): ("warning", "its pods have no controller"),
    ("PodDisruptionBudget", "overlap-2", "PDBBlocksDisruption"): (
        "warning",
        "overlap-1 chooses already (everywhere-",
    ),
}
"""What is to be found of each: kind, name and cause; severity and a part of the summary. The others are right."""
