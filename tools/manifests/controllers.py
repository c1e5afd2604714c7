"""What runs the pods: Deployment, StatefulSet, DaemonSet, Job, CronJob; and the ConfigMap that they mount. Pure."""

from __future__ import annotations

from typing import assert_never

from tools.json import Json
from tools.manifests.accounts import labels, made, selector
from tools.manifests.pods import config_name, template
from tools.manifests.specification import Specification, Volume

JOB_TRIES = 3
JOB_KEPT_S = 86_400
STARTING_DEADLINE_S = 300


def controller(wanted: Specification) -> Json:
    """The object that runs the pods."""
    match wanted.type:
        case "deployment":
            return deployment(wanted)
        case "statefulset":
            return stateful_set(wanted)
        case "daemonset":
            return daemon_set(wanted)
        case "job":
            return job(wanted)
        case "cronjob":
            return cron_job(wanted)
        case _:
            assert_never(wanted.type)


def deployment(wanted: Specification) -> Json:
    """A Deployment; an autoscaler, not it, says how many there are, where there is one."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {**_replicas(wanted), **_selected(wanted), "strategy": strategy, "template": template(wanted)}
    return made("apps/v1", "Deployment", wanted, spec=spec)


def stateful_set(wanted: Specification) -> Json:
    """A StatefulSet, with a claim for each volume and pod."""
    spec = {
        **_replicas(wanted),
        **_selected(wanted),
        "serviceName": headless_name(wanted),
        "updateStrategy": {"type": "RollingUpdate"},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "template": template(wanted),
        "volumeClaimTemplates": [_claim(wanted, volume) for volume in wanted.volumes],
    }
    return made("apps/v1", "StatefulSet", wanted, spec=spec)


def headless_name(wanted: Specification) -> str:
    """The Service by which each pod of a StatefulSet has a name."""
    return f"{wanted.app}-headless"


def _claim(wanted: Specification, volume: Volume) -> Json:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": volume.size}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": volume.name, "labels": selector(wanted)},
        "spec": spec,
    }


def daemon_set(wanted: Specification) -> Json:
    """A DaemonSet: one pod a node."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    spec = {**_selected(wanted), "updateStrategy": strategy, "template": template(wanted)}
    return made("apps/v1", "DaemonSet", wanted, spec=spec)


def job(wanted: Specification) -> Json:
    """A Job; it and its logs are gone a day after its end."""
    spec = {"backoffLimit": JOB_TRIES, "ttlSecondsAfterFinished": JOB_KEPT_S, "template": template(wanted)}
    return made("batch/v1", "Job", wanted, spec=spec)


def cron_job(wanted: Specification) -> Json:
    """A CronJob, by the clock of UTC wherever the cluster stands."""
    run = {"backoffLimit": JOB_TRIES, "template": template(wanted)}
    spec = {
        "schedule": wanted.schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": STARTING_DEADLINE_S,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"metadata": {"labels": labels(wanted)}, "spec": run},
    }
    return made("batch/v1", "CronJob", wanted, spec=spec)


def _replicas(wanted: Specification) -> Json:
    return {} if wanted.hpa else {"replicas": wanted.replicas}


def _selected(wanted: Specification) -> Json:
    return {"selector": {"matchLabels": selector(wanted)}}


def config_map(wanted: Specification) -> Json:
    """The configuration's files."""
    return made("v1", "ConfigMap", wanted, config_name(wanted), data=dict(wanted.config))
