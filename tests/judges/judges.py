"""What others say of files that Desk makes: each judge's complaints, a line each; none: it has nothing to say.

kubeconform and kube-score are on the PATH beside the real cluster. checkov, hadolint, mkdocs and yamllint come from
`make .judges/.ready`, an environment of their own: their hundred packages are nothing that Desk depends on. Its
`requirements.lock` is made of `requirements.in` as AGENTS.md says it of Desk's. A judge that is not there skips the
test, visibly.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.json import Json

TOP = Path(__file__).parents[2]
OWN = TOP / ".judges" / "bin"
SCHEMAS = TOP / "../shared/kube/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json"
NO_SCHEMA = ("ExternalSecret", "HTTPRoute", "ServiceMonitor")
"""Kinds of CRDs that the schemas of the cluster do not have."""


def kubeconform(folder: Path) -> list[str]:
    """Against the cluster's own schemas, and nothing that is not in them."""
    done = _run(
        _found("kubeconform"), "-strict", "-output", "json", "-skip", ",".join(NO_SCHEMA),
        "-schema-location", str(SCHEMAS), str(folder),
    )  # fmt: skip
    return [f"{each['filename']}: {each['msg']}" for each in json.loads(done.stdout).get("resources") or ()]


def kube_score(file: Path) -> list[str]:
    """What is CRITICAL or a WARNING to it: of one application, for it looks across its objects."""
    done = _run(_found("kube-score"), "score", "--output-format", "ci", "--kubernetes-version", "v1.34", str(file))
    if not done.stdout:
        return [done.stderr or "it said nothing"]
    return [line for line in done.stdout.splitlines() if not line.startswith(("[OK]", "[SKIPPED]"))]


def checkov(folder: Path, *frameworks: str) -> list[str]:
    """All files of a folder in one run, for its start takes seconds. It sends nothing anywhere."""
    done = _run(
        _found("checkov"), "--directory", str(folder), "--framework", *frameworks, "--output", "json",
        "--compact", "--quiet", "--skip-download",
    )  # fmt: skip
    reports = json.loads(done.stdout)
    complaints = []
    for report in reports if isinstance(reports, list) else [reports]:
        results = report["results"]
        complaints += [f"cannot be parsed: {each}" for each in results.get("parsing_errors", ())]
        complaints += [
            f"{each['check_id']} {each['resource']} {each['file_path']}" for each in results["failed_checks"]
        ]
        assert report["summary"]["passed"] > 0, "it looked at nothing"
    return complaints


def yamllint(folder: Path) -> list[str]:
    """Every YAML file below a folder, by its default rules but for `yamllint.yaml`."""
    rules = Path(__file__).with_name("yamllint.yaml")
    return _run(
        _found("yamllint"), "--config-file", str(rules), "--format", "parsable", str(folder)
    ).stdout.splitlines()


def hadolint(files: Sequence[Path]) -> list[str]:
    """Dockerfiles."""
    return _run(_found("hadolint"), "--no-color", *map(str, files)).stdout.splitlines()


def actionlint(files: Sequence[Path]) -> list[str]:
    """Workflows of GitHub Actions. It is a program in Go: `make .judges/bin/actionlint`."""
    return _run(_found("actionlint"), "-no-color", *map(str, files)).stdout.splitlines()


def portal(asked: Json) -> Json:
    """What Backstage's validators complain of, and its rendering of a skeleton: `make .judges/portal/.ready`."""
    folder = TOP / ".judges" / "portal"
    if not (folder / ".ready").exists():
        pytest.skip("Backstage's validators are not here: `make .judges/portal/.ready` gets them")
    done = subprocess.run(
        ["node", "judge.mjs"], cwd=folder, input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    answer: Json = json.loads(done.stdout)
    return answer


def mkdocs(folder: Path, into: Path) -> list[str]:
    """Builds a site, strictly: a link that leads nowhere is a complaint."""
    done = _run(
        _found("mkdocs"), "build", "--strict", "--quiet", "--config-file", str(folder / "mkdocs.yml"),
        "--site-dir", str(into),
    )  # fmt: skip
    return (done.stdout + done.stderr).splitlines() or ["it failed"] * bool(done.returncode)


def _found(name: str) -> str:
    found = shutil.which(name, path=f"{OWN}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"the judge {name} is not here: `make .judges/.ready` gets it")
    return found


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=300)
