"""The pages of the platform's documentation: which there are, and what each teaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Topic = Literal[
    "getting-started",
    "deploying-apps",
    "debugging",
    "monitoring",
    "security",
    "ci-cd",
    "scaling",
    "networking",
    "storage",
]
INDEX = "index"
"""The page that leads to the others."""


@dataclass(frozen=True, slots=True)
class About:
    """A page's title, and what it teaches in a few words."""

    title: str
    teaches: str


TOPICS: Mapping[Topic, About] = {
    "getting-started": About("Getting started", "kubectl, access to the cluster, the first deployment"),
    "deploying-apps": About("Deploying apps", "manifests in git, overlays, Argo CD, Helm charts, going back"),
    "debugging": About("Debugging", "why a pod does not run: diagnosis, logs, events, exec"),
    "monitoring": About("Monitoring", "usage, metrics, queries, dashboards, alerts"),
    "security": About("Security", "what you may do, secrets, the pods' own rights, image scanning"),
    "ci-cd": About("CI/CD", "a pipeline's login, promotion of one image through the environments"),
    "scaling": About("Scaling", "replicas, autoscaling, disruption budgets, how much room is left"),
    "networking": About("Networking", "Services, DNS, Ingress, NetworkPolicies"),
    "storage": About("Storage", "volumes, StorageClasses, snapshots, backups"),
}
"""In the order in which somebody who is new reads them."""
