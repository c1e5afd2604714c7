"""Pods that wait for devices: the ResourceClaims of dynamic resource allocation.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
"""

from __future__ import annotations

import re

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.rules.scheduling.obstacles import Obstacle, Waiting
from tools.diagnose.terms import Json, Remedy
from tools.plaintext import one_line

_TEMPLATE_ABSENT = re.compile(r'resourceclaimtemplate\S* "([^"]+)" not found')
_WHY = (
    "A pod that names claims for devices waits until each ResourceClaim exists, and until a node has devices that "
    "its DeviceClass and selectors choose and that no other claim holds."
)


def claims_of(pod: Json) -> list[Json]:
    """`spec.resourceClaims`."""
    return list(pod["spec"].get("resourceClaims") or ())


def unmade(waiting: Waiting) -> Obstacle:
    """A claim that is not there: the scheduler does not even look at the pod, and says nothing."""
    claims = claims_of(waiting.pod)
    for said in (_absent(claims, waiting), _without_template(waiting)):
        if said:
            return Obstacle(
                said, _WHY, (_see(waiting), edit(waiting.owner, "Name a claim that exists")), _spec(claims)
            )
    names = one_line(", ".join(str(each.get("name")) for each in claims), 120)
    return Obstacle(f"its claim {names} for devices has not been made", _WHY, (_see(waiting),), _spec(claims))


def unallocated(waiting: Waiting) -> Obstacle:
    """No node has the devices."""
    named = [str(each.get("resourceClaimName") or each.get("name")) for each in claims_of(waiting.pod)]
    return Obstacle(
        f"no node has free devices of the kind that its claim {one_line(', '.join(named), 120)} asks for",
        _WHY,
        (
            Remedy("See which devices the drivers offer, and where", "kubectl get resourceslices", "read"),
            _see(waiting),
        ),
        _spec(claims_of(waiting.pod)),
    )


def no_class(waiting: Waiting) -> Obstacle:
    """The scheduler names the class itself."""
    return Obstacle(
        "", _WHY, (Remedy("See which device classes there are", "kubectl get deviceclasses", "read"), _see(waiting))
    )


def _absent(claims: list[Json], waiting: Waiting) -> str:
    if not waiting.snapshot.has("ResourceClaim"):
        return ""
    there = waiting.snapshot.names("ResourceClaim")
    for claim in claims:
        name = claim.get("resourceClaimName")
        if name and name not in there:
            near = nearest(str(name), there)
            return f"ResourceClaim {one_line(str(name), 120)} does not exist" + (
                f"; the nearest there is: {near}" if near else ""
            )
    return ""


def _without_template(waiting: Waiting) -> str:
    for event in waiting.snapshot.events_of("Pod", str(waiting.pod["metadata"]["name"])):
        if event.get("reason") == "FailedResourceClaimCreation":
            message = str(event.get("message"))
            match = _TEMPLATE_ABSENT.search(message)
            absent = match and f"ResourceClaimTemplate {one_line(match[1], 120)} does not exist"
            return absent or f"its claim cannot be made: {one_line(message, 200)}"
    return ""


def _spec(claims: list[Json]) -> tuple[str, ...]:
    return (one_line(f"resourceClaims: {claims}"),)


def _see(waiting: Waiting) -> Remedy:
    kinds = "resourceclaims,resourceclaimtemplates"
    return Remedy("See the claims of the namespace", f"kubectl get {kinds} -n {waiting.snapshot.namespace}", "read")
