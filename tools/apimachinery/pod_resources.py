"""What a pod counts for: to the scheduler by its requests, to quotas by requests and limits. Pure.

Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers ,
https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from tools.apimachinery.quantity import amount
from tools.json import Json

Part = Literal["requests", "limits"]


def of_pod(spec: Json, part: Part, resource: str) -> Decimal:
    """What it says for the whole pod; else its containers and sidecars, or a larger init container."""
    together = sum((of_container(each, part, resource) for each in spec.get("containers") or ()), Decimal(0))
    sidecars = first = Decimal(0)
    for each in spec.get("initContainers") or ():
        asked = of_container(each, part, resource)
        if each.get("restartPolicy") == "Always":
            sidecars += asked
        else:
            first = max(first, sidecars + asked)
    of_all = amount(((spec.get("resources") or {}).get(part) or {}).get(resource))
    overhead = amount((spec.get("overhead") or {}).get(resource))
    return (of_all or max(together + sidecars, first)) + overhead


def of_container(container: Json, part: Part, resource: str) -> Decimal:
    """What a container says; a request that it does not say is its limit."""
    resources = container.get("resources") or {}
    given = (resources.get(part) or {}).get(resource)
    return amount((resources.get("limits") or {}).get(resource) if given is None else given)
