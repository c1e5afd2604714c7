"""What others say of the manifests of the whole product of types and options, and of their golden files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.judges import judges
from tests.tools.manifests.product import HOSTILE, product
from tests.tools.manifests.samples import GOLDEN
from tools.manifests.application import files, objects


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each application, with its files."""
    top = tmp_path_factory.mktemp("product")
    for name, wanted in product().items():
        (top / name).mkdir()
        for file, text in files(objects(wanted)):
            (top / name / file).write_text(text)
    return top


def test_the_product_has_every_type_and_kind(written: Path) -> None:
    kinds = {file.stem for file in written.rglob("*.yaml")}
    assert kinds == {
        *(
            "deployment",
            "statefulset",
            "daemonset",
            "cronjob",
            "job",
            "serviceaccount",
            "networkpolicy",
            "configmap",
        ),
        *("service", "service-headless", "hpa", "pdb", "ingress", "httproute", "route", "servicemonitor"),
    }


def test_a_parser_reads_back_what_was_meant(written: Path) -> None:
    for name, wanted in product().items():
        read = [yaml.safe_load((written / name / file).read_text()) for file, _ in files(objects(wanted))]
        assert read == objects(wanted), name
    assert any(HOSTILE[0] in str(wanted.env) for wanted in product().values())


def test_kubeconform_finds_no_field_that_is_not_there(written: Path) -> None:
    assert judges.kubeconform(written) == []


def test_kube_score_has_nothing_critical_and_no_warning(written: Path, tmp_path: Path) -> None:
    for folder in written.iterdir():
        whole = tmp_path / f"{folder.name}.yaml"
        whole.write_text("".join(file.read_text() for file in sorted(folder.iterdir())))
        assert judges.kube_score(whole) == [], folder.name


def test_checkov_fails_nothing_that_is_not_excepted_with_its_reason(written: Path) -> None:
    assert judges.checkov(written, "kubernetes") == []


def test_yamllint_finds_nothing(written: Path) -> None:
    assert judges.yamllint(written) == []
    assert judges.yamllint(GOLDEN) == []
