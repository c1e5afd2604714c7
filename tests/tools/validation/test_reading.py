"""Which files of a folder are manifests, and which belong together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tools.validation.test_rules import found
from tools.errors import ToolFailed
from tools.validation.manifests import sets_of
from tools.validation.reading import read
from tools.validation.validate import Against, validate

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: web}]
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """The folder with these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_folder_gives_its_manifests_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "k8s",
        {
            "a.yaml": CONFIG.format("a"),
            "deep/b.yml": CONFIG.format("b") + "---\n" + CONFIG.format("c"),
            "d.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}}',
            "values.yaml": "replicas: 3\n",
            "notes.txt": "apiVersion: v1",
            ".git/e.yaml": CONFIG.format("e"),
            "chart/Chart.yaml": "apiVersion: v2\nname: chart\n",
            "chart/templates/f.yaml": "kind: {{ .Values.kind }}\n",
            "template.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}}\n",
            "numbers.json": '{"_id": 1}\n{"_id": 2}\n',
        },
    )
    reading = read(str(folder))
    assert sorted(each.name for each in reading.objects) == ["a", "b", "c", "d"]
    told = "\n".join(reading.left_out)
    for said in (
        "chart is a chart: render it first",
        "template.yaml:3 is a template",
        "values.yaml",
        "numbers.json",
    ):
        assert said in told
    assert not reading.broken and "notes.txt" not in told


def test_of_a_workspace_the_records_are_no_manifests(tmp_path: Path) -> None:
    files = {
        "desk.yaml": "",
        "working/changes/before.yaml": CONFIG.format("a"),
        "k8s/working/b.yaml": CONFIG.format("b"),
    }
    assert [each.name for each in read(str(write(tmp_path, files))).objects] == ["b"]


def test_of_kustomize_only_what_holds_in_any_case_is_judged(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [web.yaml]\nconfigMapGenerator: [{name: made}]\n",
            "base/web.yaml": DEPLOYMENT + "          imagePullpolicy: Always\n",
            "dev/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
            "dev/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n",
        },
    )
    reading = read(str(folder))
    (folder / "base/web.yaml").write_text(DEPLOYMENT.replace("image: web", "imagge: web"))
    validation = validate(read(str(folder)), Against())
    assert [name for _, name in found(validation)] == ["UnknownField"]
    assert ("ConfigMap", "made") in reading.generated
    (only,) = [each for each in reading.left_out if "Kustomize" in each]
    assert f"kubectl kustomize {folder}/dev | desk validate -" in only


def test_variants_are_sets_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, {f"{place}/a.yaml": CONFIG.format("a") for place in ("dev", "prod")})
    write(tmp_path, {"common/b.yaml": CONFIG.format("b"), "dev/c.yaml": CONFIG.format("c")})
    sets = sets_of(read(str(tmp_path)).objects)
    assert sorted(sorted(each.name for each in one.objects) for one in sets) == [["a"], ["a", "c"], ["b"]]
    assert found(validate(read(str(tmp_path)), Against())) == []


def test_lists_are_their_items(tmp_path: Path) -> None:
    items = "".join(f"- metadata: {{name: {name}}}\n" for name in "ab")
    file = tmp_path / "list.yaml"
    file.write_text(f"apiVersion: v1\nkind: ConfigMapList\nitems:\n{items}")
    assert [(each.kind, each.name, each.mark(()).line) for each in read(str(file)).objects] == [
        ("ConfigMap", "a", 4),
        ("ConfigMap", "b", 5),
    ]


def test_what_is_no_file_or_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"a: \xff\xfe")
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ToolFailed, match="nothing at"):
        read(str(tmp_path / "none.yaml"))
    with pytest.raises(ToolFailed, match="not UTF-8"):
        read(str(tmp_path / "bytes.yaml"))
    with pytest.raises(ToolFailed, match="neither a file nor a folder"):
        read(str(tmp_path / "pipe.yaml"))
    assert len(read(str(tmp_path)).left_out) == 2
