"""A NetworkPolicy to apply, as a command that can be typed as it stands."""

from __future__ import annotations

import json
from itertools import chain, count

from tools.diagnose.terms import Json, Remedy, Snapshot

_NAME_CHARS = 240


def apply_policy(title: str, name: str, spec: Json, snapshot: Snapshot, namespace: str = "") -> Remedy:
    """The remedy that adds a policy, by a name that is free: what one policy allows, no other takes away.

    `namespace`: another one than the snapshot's.
    """
    fields = "\n".join(f"  {key}: {json.dumps(value)}" for key, value in spec.items())
    command = (
        f"kubectl apply -n {namespace or snapshot.namespace} -f - <<'EOF'\n"
        "apiVersion: networking.k8s.io/v1\n"
        "kind: NetworkPolicy\n"
        f"metadata: {json.dumps({'name': _free(name, snapshot)})}\n"
        f"spec:\n{fields}\n"
        "EOF"
    )
    return Remedy(title=title, command=command, risk="change")


def _free(name: str, snapshot: Snapshot) -> str:
    """`kubectl apply` would change the policy that has the name already."""
    first = name[:_NAME_CHARS]
    numbered = (f"{first}-{number}" for number in count(2))
    return next(each for each in chain((first,), numbered) if not snapshot.named("NetworkPolicy", each))
