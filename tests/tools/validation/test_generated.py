"""What generate-manifest writes has no findings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.validation.test_rules import judged
from tools.manifests.generation import generated

ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"replicas": 1},
    {"hpa": "2:5", "host": "pay.example.com", "exposure": "ingress"},
    {"host": "pay.example.com", "exposure": "route", "platform": "openshift"},
    {"env": ["A=yes", "B=1.10"], "env_from_secret": ["creds"], "config": {"a.yaml": "a: 1"}},
    {"type": "statefulset", "replicas": 3, "volumes": ["data:/data:1Gi"]},
    {"type": "daemonset"},
    {"type": "cronjob", "schedule": "0 3 * * *"},
    {"type": "job"},
)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_it_has_no_findings(asked: dict[str, Any]) -> None:
    made = generated({"app": "pay", "image": "registry.example.com/pay:1.2.3", **asked})
    text = "---\n".join(text for _, text in made.files)
    validation = judged(text)
    assert [(each.rule.name, each.fault.says) for each in validation.found] == []
    assert sum(validation.kinds.values()) == len(made.objects)
