"""Every overlay is built by kustomize without a warning, and each of its patches changes something."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.scaffolds.made import every, said, write
from tools.json import Json
from tools.scaffolds.answers import Answers

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl, which has kustomize")

OVERLAYS = {"dev": "shop-dev", "staging": "shop-staging", "production": "shop-prod"}
_SORTS = ("go-web-api-none", "go-web-api-postgres", "go-worker-mysql", "go-cronjob-postgres")
SORTS = [answers for answers in every("go") if said(answers) in _SORTS]


def built(overlay: Path) -> list[Json]:
    done = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def named(objects: list[Json], kind: str, name: str = "shop") -> Json:
    (found,) = [each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


@pytest.mark.parametrize("answers", SORTS, ids=said)
def test_each_patch_changes_something(answers: Answers, tmp_path: Path) -> None:
    write(tmp_path, answers)
    for name, namespace in OVERLAYS.items():
        overlay = tmp_path / "k8s/overlays" / name
        whole = built(overlay)
        assert {each["metadata"]["namespace"] for each in whole} == {namespace}
        file = overlay / "kustomization.yaml"
        written: dict[str, Any] = yaml.safe_load(file.read_text())
        for place, patch in enumerate(written["patches"]):
            rest = [each for number, each in enumerate(written["patches"]) if number != place]
            file.write_text(yaml.safe_dump({**written, "patches": rest}))
            assert built(overlay) != whole, (name, patch["target"])
        file.write_text(yaml.safe_dump(written))


@pytest.mark.parametrize("answers", SORTS, ids=said)
def test_what_is_referred_to_is_there(answers: Answers, tmp_path: Path) -> None:
    """The ConfigMap by its hash, the ServiceAccount, the Service of the database; selectors are not touched."""
    write(tmp_path, answers)
    for name in OVERLAYS:
        objects = built(tmp_path / "k8s/overlays" / name)
        kind = "CronJob" if answers.type == "cronjob" else "Deployment"
        app = named(objects, kind)
        spec = app["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else app["spec"]
        pods = spec["template"]["spec"]
        (source,) = pods["containers"][0]["envFrom"]
        config = named(objects, "ConfigMap", source["configMapRef"]["name"])
        assert source["configMapRef"]["name"].startswith("shop-config-")
        assert named(objects, "ServiceAccount", pods["serviceAccountName"])
        assert pods["containers"][0]["image"] == "ghcr.io/example/shop:0.1.0"
        labels = spec["template"]["metadata"]["labels"]
        assert labels["environment"] in ("dev", "staging", "prod")
        if kind == "Deployment":
            assert spec["selector"]["matchLabels"] == {"app.kubernetes.io/name": "shop"}
        host = config["data"].get("DATABASE_HOST")
        in_the_namespace = [
            each for each in objects if each["kind"] == "Service" and each["metadata"]["name"] == host
        ]
        assert bool(in_the_namespace) == (name == "dev" and answers.database != "none")
        assert not [each for each in objects if each["kind"] == "Secret"]


def test_a_changed_setting_is_a_changed_name(tmp_path: Path) -> None:
    write(tmp_path, SORTS[0])
    before = {each["metadata"]["name"] for each in built(tmp_path / "k8s/overlays/dev")}
    with (tmp_path / "k8s/base/config.env").open("a") as file:
        file.write("GREETING=hello\n")
    after = {each["metadata"]["name"] for each in built(tmp_path / "k8s/overlays/dev")}
    assert len(before - after) == 1
