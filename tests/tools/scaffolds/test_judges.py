"""What others say of a scaffold: of its overlays as kustomize renders them, its pipeline, its image, its portal."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.judges import judges
from tests.tools.scaffolds.made import every, said, write
from tools.scaffolds.answers import answered
from tools.scaffolds.portal import portal
from tools.scaffolds.scaffold import MEMORY, scaffold

OVERLAYS = ("dev", "staging", "production")
_JUDGED = ("python-web-api-none", "go-web-api-postgres", "node-worker-mysql", "java-cronjob-postgres")
"""Every language, type, database and pipeline once; checkov takes seconds a file."""
_FORM = {
    "app": "payments", "team": "pay", "port": 9000,
    "repository": "https://github.com/acme/payments", "registry": "ghcr.io/acme",
}  # fmt: skip


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("judged")
    for answers in every():
        if said(answers) in _JUDGED:
            write(made / said(answers), answers)
    return made


@pytest.fixture(scope="module")
def rendered(top: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each overlay as kustomize renders it, a file each."""
    if not shutil.which("kubectl"):
        pytest.skip("there is no kubectl, which has kustomize")
    made = tmp_path_factory.mktemp("rendered")
    for overlay in top.glob("*/k8s/overlays/*"):
        done = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True)
        (made / f"{overlay.parents[2].name}-{overlay.name}.yaml").write_text(done.stdout)
    assert len(list(made.iterdir())) == len(_JUDGED) * len(OVERLAYS)
    return made


def test_kubeconform_and_kube_score_have_nothing_to_say(rendered: Path) -> None:
    assert judges.kubeconform(rendered) == []
    for file in sorted(rendered.iterdir()):
        assert judges.kube_score(file) == [], file.name


def test_kubeconform_knows_the_applications_and_pipelines(top: Path, tmp_path: Path) -> None:
    for file in [*top.glob("*/argocd/*.yaml"), *top.glob("*/tekton/*.yaml")]:
        shutil.copy(file, tmp_path / f"{file.parts[-3]}-{file.name}")
    assert judges.kubeconform(tmp_path) == []


def test_checkov_fails_nothing_but_what_is_excepted(top: Path, rendered: Path, tmp_path: Path) -> None:
    shutil.copytree(rendered, tmp_path / "rendered")
    for file in top.glob("*/Dockerfile"):
        (tmp_path / file.parent.name).mkdir()
        shutil.copy(file, tmp_path / file.parent.name)
    assert judges.checkov(tmp_path, "kubernetes", "dockerfile") == []


def test_yamllint_and_hadolint_have_nothing_to_say(top: Path) -> None:
    assert judges.yamllint(top) == []
    assert judges.hadolint(sorted(top.glob("*/Dockerfile"))) == []


def test_actionlint_has_nothing_to_say(top: Path) -> None:
    assert judges.actionlint(sorted(top.glob("*/.github/workflows/*.yaml"))) == []


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"language": "go", "database": "postgres"},
        {"language": "node", "type": "worker"},
        {
            "language": "java",
            "type": "cronjob",
            "database": "mysql",
            "pipeline": "tekton",
            "external_secrets": True,
        },
    ],
)
def test_the_portal_makes_the_same_scaffold(answers: dict[str, Any]) -> None:
    files = portal(answered({"app": "tpl", **answers}))
    page = files.pop("template.yaml")
    same = scaffold(answered({**_FORM, **answers}))
    asked = {
        "entities": [page, same.files["catalog-info.yaml"]],
        "skeleton": {path.removeprefix("skeleton/"): text for path, text in files.items()},
        "values": _FORM,
    }
    said = judges.portal(asked)
    assert said["complaints"] == []
    assert said["rendered"] == {**same.files, MEMORY: same.memory(with_blobs=False)}


def test_backstages_validators_complain_of_what_is_wrong() -> None:
    page = portal(answered({"app": "tpl"}))["template.yaml"]
    wrong = [page.replace("  steps:", "  stages:"), page.replace("  name: tpl", "  name: a name")]
    assert len(judges.portal({"entities": wrong, "skeleton": {}, "values": {}})["complaints"]) == 2
