"""An application of each type, and its files in golden/: `python -m tests.tools.manifests.samples` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.manifests.application import files, objects
from tools.manifests.specification import Specification, specified

GOLDEN = Path(__file__).with_name("golden")
IMAGE = "registry.example.com/shop/pay:v3.2"
PINNED = f"{IMAGE}@sha256:{'5f' * 32}"

_GIVEN: dict[str, dict[str, Any]] = {
    "deployment": {
        "host": "pay.example.com",
        "ingress_class": "nginx",
        "hpa": "2:10",
        "env": ["ANSWER=yes", "RATE=1e3", "MODE=0o14", "GREETING=hello: # world"],
        "env_from_secret": ["login", "DB_PASSWORD=db/password"],
        "config": {"pay.yaml": "debug: on\nlevels:\n  - 1\n", "flag": "no"},
        "volumes": ["cache:/var/cache/pay:1Gi"],
        "egress": ["postgres:5432", "10.20.0.0/16:443"],
        "service_monitor": True,
    },
    "statefulset": {"volumes": ["data:/var/lib/pay:2Gi"], "replicas": 3, "ports": ["5432", "metrics:9187"]},
    "daemonset": {"ports": ["80"]},
    "cronjob": {"schedule": "0 3 * * *", "command": "report --since 1d --title 'a: b'"},
    "job": {"command": ["migrate", "up"], "cpu": "1", "memory": "256Mi:1Gi"},
    "openshift": {"platform": "openshift", "host": "pay.apps.example.com", "replicas": 1},
    "gateway": {"exposure": "gateway", "gateway": "edge/public", "host": "pay.example.com", "image": PINNED},
}


def samples() -> dict[str, Specification]:
    """Each by the name of its golden file."""
    return {name: _sample(name, dict(given)) for name, given in _GIVEN.items()}


def _sample(name: str, given: dict[str, Any]) -> Specification:
    kind = name if name in ("statefulset", "daemonset", "cronjob", "job") else "deployment"
    return specified("pay", given.pop("image", IMAGE), type=kind, namespace="shop", **given)


def text_of(wanted: Specification) -> str:
    """All of its files, as they are printed."""
    return "".join(text for _, text in files(objects(wanted)))


if __name__ == "__main__":
    for name, wanted in samples().items():
        (GOLDEN / f"{name}.yaml").write_text(text_of(wanted))
