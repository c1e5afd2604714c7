"""Changes of a pod template, and what is left where the API server refuses them.

Source: https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement and
https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

from tools.diagnose.facts.naming import typed
from tools.diagnose.terms import ObjectRef, Remedy

_ANEW = {
    "Job": "delete the Job and create it anew, for its template cannot be changed",
    "Pod": "delete the pod and create it anew, for most of its spec cannot be changed",
}
_WITHOUT_SELECTOR = " | sed '/controller-uid: /d'"
"""A Job is refused with the selector and the label that another one was given."""


def edit(owner: ObjectRef, title: str = "Change what the pod asks for") -> Remedy:
    """`kubectl edit`, or what is left where the template cannot be changed."""
    return change(owner, title, f"kubectl edit {typed(owner)}")


def change(owner: ObjectRef, title: str, command: str) -> Remedy:
    """A command that changes the template; a Job and a bare pod keep theirs, so only a new one can be other."""
    if not is_fixed(owner):
        return Remedy(title, command, "change")
    kept = (
        f"kubectl get {typed(owner)} -o yaml{_WITHOUT_SELECTOR if owner.kind == 'Job' else ''} > {owner.name}.yaml"
    )
    return Remedy(f"{title}; {_ANEW[owner.kind]}", f"{kept} && kubectl delete {typed(owner)}", "delete")


def is_fixed(owner: ObjectRef) -> bool:
    """Whether its pod template cannot be changed once it is there."""
    return owner.kind in _ANEW
