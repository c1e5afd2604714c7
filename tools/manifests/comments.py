"""What is worth knowing of a choice, as a comment above it in the file. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_PODS = ".template.spec."

OF_PODS: Mapping[str, str] = {
    "automountServiceAccountToken": "It asks the API server nothing, so it gets no token.",
    "enableServiceLinks": "No variables for every Service of the namespace.",
    "securityContext.runAsUser": "Above 10000: no user of a node.",
    "securityContext.sysctls": "A port below 1024, without being root.",
    "affinity": "As the spread below; for judges that read only this.",
    "topologySpreadConstraints[].whenUnsatisfiable": "One node's end leaves the rest.",
    "topologySpreadConstraints[].nodeTaintsPolicy": "Nodes that take none are not counted.",
    "topologySpreadConstraints[].matchLabelKeys": "Each rollout is spread on its own.",
    "containers[].imagePullPolicy": "The registry is asked whether this node may have the image.",
    "containers[].livenessProbe": "Restarts what hangs: it must not ask other services.",
    "containers[].readinessProbe": "No requests while it is not ready.",
    "containers[].lifecycle": "Requests still come until all have heard that it stops.",
    "containers[].securityContext.readOnlyRootFilesystem": "Write to /tmp.",
}
"""By the path below the pods' spec."""
OF_OBJECTS: Mapping[str, str] = {
    "Deployment.spec.selector": "Never changes: the server refuses it.",
    "StatefulSet.spec.selector": "Never changes: the server refuses it.",
    "StatefulSet.spec.persistentVolumeClaimRetentionPolicy": "The data outlives the StatefulSet.",
    "StatefulSet.spec.volumeClaimTemplates": "Of the cluster's default StorageClass; can only be made anew.",
    "Deployment.spec.strategy": "A new pod is ready before an old one goes.",
    "CronJob.spec.timeZone": "Wherever the cluster stands.",
    "CronJob.spec.concurrencyPolicy": "The next run waits for the one before.",
    "CronJob.spec.startingDeadlineSeconds": "A run that is this late is left out.",
    "Job.spec.ttlSecondsAfterFinished": "It and its logs stay for a day.",
    "Job.spec.template": "Never changes: give a new version's Job another name.",
    "HorizontalPodAutoscaler.spec.behavior.scaleDown": "Slowly down, after five quiet minutes.",
    "HorizontalPodAutoscaler.spec.behavior.scaleUp": "Quickly up.",
    "PodDisruptionBudget.spec.unhealthyPodEvictionPolicy": "What does not run holds up no drain.",
    "NetworkPolicy.spec.policyTypes": "What no rule below names is denied.",
    "NetworkPolicy.spec.ingress": "Its namespace, and what lets requests in.",
    "NetworkPolicy.spec.egress": "Names are resolved; add whom it asks with --egress.",
    "Service.spec.publishNotReadyAddresses": "Members find one another before they are ready.",
    "Ingress.spec.tls": "Without this Secret the controller shows its own certificate.",
}
"""By the kind and the path."""


def comment_on(path: str) -> str:
    """The comment above the key at a path (`Deployment.spec.template.spec.containers[].image`); empty: none."""
    _, is_pods, below = path.partition(_PODS)
    return OF_PODS.get(below, "") if is_pods else OF_OBJECTS.get(path, "")
