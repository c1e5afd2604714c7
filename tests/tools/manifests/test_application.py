"""The objects of an application and their files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.tools.manifests.samples import GOLDEN, IMAGE, PINNED, samples, text_of
from tools.manifests.application import file_name, files, objects
from tools.manifests.judges import exceptions
from tools.manifests.serialize import document
from tools.manifests.served import Served
from tools.manifests.specification import specified


def kinds(made: list[dict[str, Any]]) -> list[str]:
    return [file_name(each).removesuffix(".yaml") for each in made]


def one(made: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [each for each in made if each["kind"] == kind]
    return found


@pytest.mark.parametrize("name", samples())
def test_the_files_are_as_reviewed(name: str) -> None:
    """A change of what is generated shows in golden/; `python -m tests.tools.manifests.samples` writes it anew."""
    assert text_of(samples()[name]) == (GOLDEN / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", samples())
def test_a_yaml_parser_reads_back_the_very_objects(name: str) -> None:
    made = objects(samples()[name])
    assert list(yaml.safe_load_all("".join(text for _, text in files(made)))) == made


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "on", "n", "NULL", "~", "", " ", "1e3", "0o14", "012", "1_000", ".inf", "12:30:45", "2001-01-01"),
        *("a: b", "- a", "# a", "a #b", "'", '"', "\\", "\u2028", "\x85", "\x7f", "é", "\U0001f600"),
        *("a\u202eb", "a\u200bb\nc\n"),
        *("\ufeff", "=", "<<", "!!x", "&a", "*a", "?", "|", "@a", "`a", "{a}", "[a]", ",", "0x1F", "1:2", "a:"),
        *("a\nb", "a\nb\n", "a\n\n", "\na", "  a\nb", "a\n  \nb", "a\r\nb", "a\n\tb", "a \nb", "---\na\n", "%a\nb"),
    ],
)  # fmt: skip
def test_no_text_turns_into_something_else(text: str) -> None:
    made = {
        "kind": "ConfigMap",
        "metadata": {"name": text},
        "data": {"a": text, text: "b"},
        "list": [text, {"a": text}],
    }
    assert yaml.safe_load(document(made, "x.yaml")) == made


def test_what_is_not_asked_for_is_not_made() -> None:
    assert kinds(objects(specified("pay", IMAGE))) == [
        "serviceaccount", "networkpolicy", "service", "deployment", "pdb",
    ]  # fmt: skip
    assert kinds(objects(specified("pay", IMAGE, replicas=1, ports="none"))) == [
        "serviceaccount", "networkpolicy", "deployment",
    ]  # fmt: skip
    assert kinds(objects(specified("pay", IMAGE, hpa="1:3")))[-3:] == ["deployment", "hpa", "pdb"]


def test_with_an_autoscaler_nobody_else_says_how_many() -> None:
    assert "replicas" not in one(objects(specified("pay", IMAGE, hpa="2:4")), "Deployment")["spec"]


def test_scratch_volumes_count_for_the_storage_limit() -> None:
    container = one(objects(specified("pay", IMAGE, volumes=["c:/c:1Gi"])), "Deployment")
    limits = container["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert limits["ephemeral-storage"] == f"{256 + 100 + 1024}Mi"


def test_a_host_is_reached_as_the_cluster_can() -> None:
    wanted = specified("pay", IMAGE, namespace="shop", host="pay.example.com")
    assert kinds(objects(wanted))[-1] == "ingress"
    assert "ingressClassName" not in one(objects(wanted), "Ingress")["spec"]
    here = Served(is_known=True, exposures=("ingress",), ingress_class="traefik", cluster_issuer="letsencrypt-prod")
    ingress = one(objects(wanted, here), "Ingress")
    assert ingress["spec"]["ingressClassName"] == "traefik"
    assert ingress["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt-prod"}
    gateways = Served(is_known=True, exposures=("gateway",), gateway="edge/public")
    assert one(objects(wanted, gateways), "HTTPRoute")["spec"]["parentRefs"] == [
        {"name": "public", "namespace": "edge"}
    ]
    assert kinds(objects(wanted, Served(is_known=True, exposures=("route",))))[-1] == "route"
    assert kinds(objects(replace(wanted, exposure="ingress"), gateways))[-1] == "ingress"


def test_a_statefulset_is_asked_for_metrics_once() -> None:
    made = objects(specified("pay", IMAGE, type="statefulset", service_monitor=True))
    selected = one(made, "ServiceMonitor")["spec"]["selector"]
    assert selected["matchExpressions"] == [{"key": "app.kubernetes.io/component", "operator": "DoesNotExist"}]
    labelled = [each for each in made if "app.kubernetes.io/component" in each["metadata"]["labels"]]
    assert kinds(labelled) == ["service-headless"]


def test_a_changed_configuration_rolls_the_pods() -> None:
    def template(text: str) -> Any:
        return one(objects(specified("pay", IMAGE, config={"a": text})), "Deployment")["spec"]["template"]

    assert template("1") == template("1") != template("2")


def test_each_exception_has_its_reason() -> None:
    assert list(exceptions(objects(specified("pay", PINNED, namespace="shop")))) == []
    made = objects(specified("pay", IMAGE, namespace="shop", replicas=1, platform="openshift"))
    assert [tuple(each) for each in exceptions(made)] == [
        ("Deployment/pay", "checkov CKV_K8S_43", "the image was given without a digest"),
        ("Deployment/pay", "checkov CKV_K8S_40", "OpenShift sets the user id"),
        ("Deployment/pay", "kube-score deployment-replicas",
         "one replica was asked for; OpenShift sets the user id"),
        ("Deployment/pay", "kube-score container-security-context-user-group-id",
         "one replica was asked for; OpenShift sets the user id"),
    ]  # fmt: skip


def test_a_base_leaves_the_namespace_to_its_overlays() -> None:
    made = objects(replace(specified("pay", IMAGE), namespace=""))
    assert not [each for each in made if "namespace" in each["metadata"]]
