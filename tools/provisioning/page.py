"""The page that a team gets: where it works, how much it has, how it begins, and whom it asks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tools.changes.plan import File
from tools.provisioning import guardrails
from tools.provisioning.guardrails import Surroundings
from tools.provisioning.pulling import NAME as PULL_SECRET
from tools.provisioning.specification import OPENINGS, Specification

_WORDS = {
    "dns": "names are resolved",
    "same-namespace": "pods of one namespace reach one another",
    "ingress-controller": "the ingress controller reaches pods",
    "monitoring": "the monitoring reads metrics",
    "api-server": "pods reach the API server",
}

_PAGE = """\
# Team {team}

Made by Desk. Call `desk onboard-team {team}` again to add to it.

## Your namespaces

| namespace | environment | CPU (requests/limits) | memory (requests/limits) | storage |
|---|---|---|---|---|
{rows}

All pods of a namespace share these. A container that says nothing gets 200m CPU and 256Mi of memory at most.
What is used: `kubectl describe quota -n {first}`.

Let through is: {opened}. Everything else is closed, both ways.

## Your first deployment

Take `kubectl` and your kubeconfig or the cluster's login, then:

    kubectl create deployment hello --image=REGISTRY/hello:1 --port=8080 -n {first}
    kubectl rollout status deployment/hello -n {first}
    kubectl expose deployment/hello --port=80 --target-port=8080 -n {first}

Containers run without privileges; say `runAsNonRoot: true` and give CPU and memory of your own.{pulls}

## When something does not run

    desk debug-pod {first}                    # what is wrong, why, and what mends it
    kubectl logs deployment/hello -n {first} --previous
    kubectl get events -n {first} --sort-by=.lastTimestamp

## Whom to ask

| for | ask |
|---|---|
| more quota, another member, a new namespace, a pod that does not run | Desk |
| a release to production | Flow |
| nodes, storage classes, the cluster itself | Atlas |
| policies, scans, exceptions from them | Shield |
"""


def path_of(team: str, name: str) -> str:
    """Where a file of a team is in the workspace."""
    return f"teams/{team}/{name}"


def of_team(team: str, namespaces: Sequence[Specification], around: Surroundings) -> File:
    """The page; it names no member, so that it stays true when one leaves."""
    rows = "\n".join(
        f"| {each.namespace} | {each.environment} | {each.cpu_requests} / {each.cpu} "
        f"| {each.memory_requests} / {each.memory} | {each.storage or 'not bounded'} |"
        for each in namespaces
    )
    shut = {*namespaces[0].closed, *guardrails.left_closed(namespaces[0], around)}
    pulls = f"\nImages of your registry are pulled with the Secret {PULL_SECRET}: pods need not name it."
    text = _PAGE.format(
        team=team,
        rows=rows,
        first=namespaces[0].namespace,
        opened="; ".join(_WORDS[each] for each in OPENINGS if each not in shut),
        pulls=pulls if namespaces[0].pull_secret else "",
    )
    return File(path_of(team, "README.md"), text.encode())
