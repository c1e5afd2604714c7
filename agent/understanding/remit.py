"""Whose a task is when it is not Desk's: cluster infrastructure, production, security policy. Pure."""

from __future__ import annotations

import re

# Between a verb and what it is done to: no full stop, and no preposition that leads to somewhere else.
_OBJECT = r"(?:(?!\b(?:in|on|from|into|onto|to|for|with|at)\b)(?:[^.]|\.(?=\S)))*"
_ANYTHING = r"(?:[^.]|\.(?=\S))*"
_APPLICATIONS = r"(?:redis|kafka|postgres\w*|mysql|mongo\w*|elasticsearch|opensearch|rabbitmq|cassandra)"
_HERE_ENDS = r"(?![-\w]|\.\w)"
_NODES = rf"(?<![-\w])nodes?{_HERE_ENDS}"
_INFRASTRUCTURE = rf"(?<![-\w])(?:clusters?|control plane|etcd|node ?pools?|nodes?|machine ?sets?){_HERE_ENDS}"
_PRODUCTION = r"\b(to|into|in|on) (the )?(prod|production)(?![-\w])"

# Whose it is when it is not Desk's: (agent, what, how it is asked for).
_REMIT: tuple[tuple[str, str, str], ...] = (
    (
        "Atlas",
        "cluster infrastructure",
        r"\b(upgrade|resize|install|provision|create|delete|patch|back ?up|restore|rotate|restart|scale)\b"
        rf"(?!{_OBJECT}\b{_APPLICATIONS}\b){_OBJECT}{_INFRASTRUCTURE}(?! pods?\b)"
        rf"|\b(add|drain|cordon|uncordon|reboot|remove)\b{_OBJECT}{_NODES}|\bcluster upgrade\b",
    ),
    (
        "Flow",
        "deployments to production",
        rf"\b(deploy|release|promote|ship|roll ?out|publish)\b{_ANYTHING}{_PRODUCTION}"
        r"|\bproduction (deployment|release|rollout)\b|\bcanary (release|rollout|deployment)|\bblue.green\b",
    ),
    (
        "Shield",
        "security policy",
        r"\bsecurity (polic(y|ies)|context constraints?|standards?)\b|\bpod security (admission|polic|standard)\w*"
        r"|\b(vulnerabilit(y|ies)|cve(-\d+)+|penetration|audit polic(y|ies))(?![-\w])|\bcluster-?admin\b",
    ),
)
# Words that are also names of things that run: whose it is, unless the task tells a fault of one.
_REMIT_UNLESS_FAULT: tuple[tuple[str, str, str], ...] = (
    ("Atlas", "cluster infrastructure", r"(?<![-\w])cluster autoscaler(?![-\w])"),
    ("Flow", "deployments to production", r"(?<![-\w])canary(?![-\w]| pods?\b)"),
    ("Shield", "security policy", r"(?<![-\w])(scc|gatekeeper|kyverno|compliance)(?![-\w]| pods?\b)"),
)
_RUNS_BADLY = re.compile(
    r"\b(crash\w*|restart(s|ing)|fail\w*|stuck|pending|oom\w*|killed|unhealthy|image ?pull\w*|debug|diagnos\w*|"
    r"troubleshoot|(not|n't) (start|run|work|ready|come)\w*)\b",
    re.IGNORECASE,
)

NODES = ("Atlas", "cluster infrastructure")
"""Whose nodes are."""


def owner_of(task: str) -> tuple[str, str] | None:
    """(agent, what) of a task that is another agent's."""
    table = _REMIT if _RUNS_BADLY.search(task) else (*_REMIT, *_REMIT_UNLESS_FAULT)
    found = ((agent, what) for agent, what, pattern in table if re.search(pattern, task, re.IGNORECASE))
    return next(found, None)
