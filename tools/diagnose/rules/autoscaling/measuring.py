"""What HorizontalPodAutoscalers measure: pods without requests, and metrics that are not there.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from tools.apimachinery import quantity
from tools.diagnose.facts.autoscalers import measured_by
from tools.diagnose.facts.naming import TEMPLATE_KINDS, quoted, said, typed
from tools.diagnose.facts.owners import current_pods_of
from tools.diagnose.facts.remedies import by_tool
from tools.diagnose.terms import Cause, Evidence, Finding, Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/"
HPA_NO_REQUESTS = Cause(
    "HPANoRequests",
    topic="scaling",
    means="A HorizontalPodAutoscaler measures use in percent of a request that a container does not have.",
    why="Utilization is use divided by request, over all containers of the pod.",
    mend="Give the container a request of that resource.",
    example="HorizontalPodAutoscaler web cannot scale: container app of Deployment web has no request for cpu",
    source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    called=r"\bhpa\b|\bautoscal\w*",
)
HPA_NO_METRICS = Cause(
    "HPANoMetrics",
    topic="scaling",
    means="A HorizontalPodAutoscaler gets no measurements.",
    why="The metrics API is not installed, does not answer, or does not know the metric.",
    mend="See whether the metrics API answers and whether the metric exists.",
    example=(
        "HorizontalPodAutoscaler web cannot scale Deployment web: unable to get metric requests_per_second: "
        "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) "
        "registered"
    ),
    source=_DOC + "tasks/run-application/horizontal-pod-autoscale/",
    called=r"\bhpa\b|\bautoscal\w*|\bmetrics\b",
)

_NO_REQUEST = re.compile(r"missing request for ([\w./-]+) in container (\S+) of Pod")
_NO_API = re.compile(r"no (custom|external) metrics API|could not find the requested resource")
_APIS = {
    "FailedGetResourceMetric": "metrics.k8s.io",
    "FailedGetContainerResourceMetric": "metrics.k8s.io",
    "FailedGetPodsMetric": "custom.metrics.k8s.io",
    "FailedGetObjectMetric": "custom.metrics.k8s.io",
    "FailedGetExternalMetric": "external.metrics.k8s.io",
}
"""The API that is asked, by the reason of ScalingActive: there are no others for want of measurements."""
_PROVIDERS = {
    "metrics.k8s.io": "The metrics server measures the CPU and memory of pods; the autoscaler asks its API.",
    "custom.metrics.k8s.io": (
        "Metrics of an application's own need an adapter in the cluster, such as prometheus-adapter."
    ),
    "external.metrics.k8s.io": ("Metrics from outside the cluster need an adapter in it, such as KEDA."),
}
_LEAST = {"cpu": Decimal("0.1"), "memory": Decimal(128 * quantity.MIB)}
"""What pods are commonly given, where they use less."""
_ARGUMENTS = {"cpu": "cpu_request", "memory": "memory_request"}


def autoscaler_ref(item: Json) -> ObjectRef:
    """The HorizontalPodAutoscaler itself."""
    meta = item["metadata"]
    return ObjectRef("autoscaling/v2", "HorizontalPodAutoscaler", meta.get("namespace"), meta["name"])


def condition_said(item: Json, condition: Json) -> Evidence:
    """One condition of an autoscaler as evidence."""
    text = f"{condition.get('type')} is {condition.get('status')}: {condition.get('message')}"
    return Evidence("status", said(autoscaler_ref(item)), one_line(text))


def not_measured(item: Json, target: Json, active: Json, snapshot: Snapshot) -> Finding | None:
    """Why an autoscaler that is not active cannot tell how many replicas there should be."""
    owner = ObjectRef("apps/v1", str(target.get("kind")), snapshot.namespace, str(target.get("name")))
    if match := _NO_REQUEST.search(str(active.get("message"))):
        return _no_requests(item, owner, active, match, snapshot)
    return _no_metrics(item, owner, active, snapshot)


def _no_requests(item: Json, owner: ObjectRef, active: Json, match: re.Match[str], snapshot: Snapshot) -> Finding:
    resource, container = (one_line(part, 253) for part in match.groups())
    hpa = autoscaler_ref(item)
    return Finding(
        cause=HPA_NO_REQUESTS,
        object=owner,
        container=container,
        detail=f"{said(hpa)} cannot scale: container {container} of {said(owner)} has no request for {resource}",
        why=(
            "Utilization is the use divided by the request, over all containers of a pod; without a "
            "request there is none."
        ),
        evidence=(condition_said(item, active),),
        remedies=(_request(item, owner, container, resource, snapshot),),
        concerns=(hpa,),
    )


def _request(item: Json, owner: ObjectRef, container: str, resource: str, snapshot: Snapshot) -> Remedy:
    """A request of which the use of now is as much as the autoscaler aims at."""
    used = max(_uses(owner, container, resource, snapshot), default=Decimal(0))
    least, aimed_at = _LEAST.get(resource, Decimal(1)), _percent(item, resource)
    wanted = max(used * 100 / aimed_at, least)
    value = quantity.memory(int(wanted)) if resource == "memory" else quantity.cpu(wanted)
    because = f"its use of now is {aimed_at}% of that" if wanted > least else "more if its load needs more"
    request = quoted(f"{resource}={value}")
    command = f"kubectl set resources {typed(owner)} -c {quoted(container)} --requests={request}"
    by_hand = Remedy(f"Give the container a request for {resource} of {value}: {because}", command, "change")
    if resource not in _ARGUMENTS or owner.kind not in TEMPLATE_KINDS:
        return by_hand
    arguments: dict[str, Any] = {"container": container, _ARGUMENTS[resource]: value}
    return by_tool(by_hand, "set_resources", owner, **arguments)


def _percent(item: Json, resource: str) -> int:
    """The utilization that the autoscaler aims at."""
    measured = (
        each.get("resource") or each.get("containerResource") or {} for each in item["spec"].get("metrics") or ()
    )
    aims = (
        (each.get("target") or {}).get("averageUtilization") for each in measured if each.get("name") == resource
    )
    return next((int(each) for each in aims if each), 100)


def _uses(owner: ObjectRef, container: str, resource: str, snapshot: Snapshot) -> list[Decimal]:
    """What that container uses now in each pod of which it is known."""
    return [
        quantity.amount((each.get("usage") or {}).get(resource))
        for pod in current_pods_of(owner, snapshot)
        for each in (snapshot.named("PodMetrics", pod["metadata"]["name"]) or {}).get("containers") or ()
        if each.get("name") == container
    ]


def _no_metrics(item: Json, owner: ObjectRef, active: Json, snapshot: Snapshot) -> Finding | None:
    """At once where the API is missing; else not while it may only be too early, which `measured_by` tells."""
    api, message = _APIS.get(str(active.get("reason"))), str(active.get("message"))
    until = measured_by(item, snapshot)
    if api is None or (until is not None and until > snapshot.taken_at and not _NO_API.search(message)):
        return None
    hpa = autoscaler_ref(item)
    detail = one_line(message.rpartition("unable to compute the replica count: ")[2], 240)
    edit = Remedy("Or scale by a metric that there is", f"kubectl edit hpa {hpa.name} -n {hpa.namespace}", "change")
    return Finding(
        cause=HPA_NO_METRICS,
        object=hpa,
        detail=f"{said(hpa)} cannot scale {one_line(said(owner), 300)}: {detail}",
        why=_PROVIDERS[api],
        evidence=(condition_said(item, active),),
        remedies=(_see(api), edit),
    )


def _see(api: str) -> Remedy:
    return Remedy(
        f"See whether {api} is served and answers",
        f"kubectl get apiservices v1beta1.{api} --ignore-not-found",
        "read",
    )
