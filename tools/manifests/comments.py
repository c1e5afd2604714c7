"""What is worth knowing of a choice, as a comment above it in the file. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_PODS = ".template.spec."

OF_PODS: Mapping[str, str] = {
    "automountServiceAccountToken": "The application does not call the API server: no token.",
    "enableServiceLinks": "No variables for each Service of the namespace.",
    "securityContext.runAsUser": "Above 10000, so that no user of a node has this id.",
    "securityContext.sysctls": "Lets it listen on a port below 1024 without being root.",
    "affinity": "The spread below decides; linters look for this one.",
    "topologySpreadConstraints[].whenUnsatisfiable": "At most one pod more on a node than on another.",
    "topologySpreadConstraints[].nodeTaintsPolicy": "Nodes with a taint that it does not tolerate do not count.",
    "topologySpreadConstraints[].matchLabelKeys": "The pods of each revision are spread on their own.",
    "containers[].imagePullPolicy": "Asks the registry each time, also for the right to pull.",
    "containers[].livenessProbe": "Restarts a container that hangs. Do not call others here.",
    "containers[].readinessProbe": "Takes a pod out of the Service while it is not ready.",
    "containers[].lifecycle": "Requests arrive until every node knows that it stops.",
    "containers[].securityContext.readOnlyRootFilesystem": "Write to /tmp or to a volume.",
}
"""By the path below the pods' spec."""
OF_OBJECTS: Mapping[str, str] = {
    "Deployment.spec.selector": "Cannot be changed later.",
    "StatefulSet.spec.selector": "Cannot be changed later.",
    "StatefulSet.spec.persistentVolumeClaimRetentionPolicy": "Claims and data stay when the StatefulSet goes.",
    "StatefulSet.spec.volumeClaimTemplates": "From the default StorageClass. Cannot be changed later.",
    "Deployment.spec.strategy": "An old pod goes when a new one is ready.",
    "CronJob.spec.timeZone": "The schedule is in UTC, wherever the cluster runs.",
    "CronJob.spec.concurrencyPolicy": "A run is skipped while the one before it still runs.",
    "CronJob.spec.startingDeadlineSeconds": "A run that could not start within this time is skipped.",
    "Job.spec.ttlSecondsAfterFinished": "The Job and its logs are deleted after a day.",
    "Job.spec.template": "Cannot be changed later: delete the Job to run it anew.",
    "HorizontalPodAutoscaler.spec.behavior.scaleDown": "Down by a tenth a minute, after five minutes of less load.",
    "HorizontalPodAutoscaler.spec.behavior.scaleUp": "Up by a half a minute.",
    "PodDisruptionBudget.spec.unhealthyPodEvictionPolicy": "A pod that is not ready does not stop a drain.",
    "NetworkPolicy.spec.policyTypes": "All traffic is denied but for the rules below.",
    "NetworkPolicy.spec.ingress": "From pods of the namespace, and from outside if it has a host.",
    "NetworkPolicy.spec.egress": "DNS, and what was given with --egress.",
    "Service.spec.publishNotReadyAddresses": "Members find one another before they are ready.",
    "Ingress.spec.tls": "Without this Secret, the controller's own certificate is used.",
}
"""By the kind and the path."""


def comment_on(path: str) -> str:
    """The comment above the key at a path (`Deployment.spec.template.spec.containers[].image`); empty: none."""
    _, is_pods, below = path.partition(_PODS)
    return OF_PODS.get(below, "") if is_pods else OF_OBJECTS.get(path, "")
