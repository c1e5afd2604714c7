"""The kinds of Argo CD, Tekton and OpenShift on the real cluster, served while the tests of deliveries run.

Those that are not kept beside the cluster are made here, with the fields that Desk reads typed as published.
"""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import yaml

from tests.cluster.served import LOCK, SWITCH
from tests.tools.diagnose.real_cluster import KUBECONFIG
from tools.json import Json

CRDS = SWITCH.parent / "crds"
TEXT: Json = {"type": "string"}
ANYTHING: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def texts() -> Json:
    """A list of strings."""
    return {"type": "array", "items": TEXT}


def listed(**fields: Any) -> Json:
    """A list of objects with these fields, and others."""
    return {"type": "array", "items": typed(**fields)}


def typed(**fields: Any) -> Json:
    """An object with these fields, and others that are not typed."""
    return {"type": "object", "properties": fields, "x-kubernetes-preserve-unknown-fields": True}


CONDITIONS = listed(type=TEXT, status=TEXT, reason=TEXT, message=TEXT, lastTransitionTime=TEXT)


def kind(name: str, group: str, version: str, spec: Json, status: Json | None = None) -> Json:
    """A CustomResourceDefinition."""
    plural = "repositories" if name == "Repository" else f"{name.lower()}s"
    fields = {"apiVersion": TEXT, "kind": TEXT, "metadata": {"type": "object"}, "spec": spec}
    schema = {"type": "object", "properties": {**fields, **({"status": status} if status else {})}}
    served: Json = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if status:
        served["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": name, "listKind": f"{name}List", "plural": plural, "singular": name.lower()},
            "versions": [served],
        },
    }


def repositories() -> Json:
    """The kind of Pipelines as Code, which keeps its last runs beside the spec."""
    made = kind("Repository", "pipelinesascode.tekton.dev", "v1alpha1", typed(url=TEXT))
    [version] = made["spec"]["versions"]
    runs = listed(conditions=CONDITIONS, pipelineRunName=TEXT, sha=TEXT, event_type=TEXT, startTime=TEXT)
    version["schema"]["openAPIV3Schema"]["properties"]["pipelinerun_status"] = runs
    return made


MISSING = (
    kind(
        "ImageUpdater",
        "argocd-image-updater.argoproj.io",
        "v1alpha1",
        typed(
            namespace=TEXT,
            applicationRefs=listed(namePattern=TEXT, images=listed(alias=TEXT, imageName=TEXT)),
            commonUpdateSettings=typed(updateStrategy=TEXT),
        ),
        typed(conditions=CONDITIONS),
    ),
    kind("CustomRun", "tekton.dev", "v1beta1", typed(customRef=typed(kind=TEXT)), typed(conditions=CONDITIONS)),
    kind(
        "ExternalSecret",
        "external-secrets.io",
        "v1",
        typed(secretStoreRef=typed(name=TEXT, kind=TEXT), target=typed(name=TEXT), data=listed(secretKey=TEXT)),
        typed(conditions=CONDITIONS),
    ),
    kind("SecretStore", "external-secrets.io", "v1", typed(provider=ANYTHING), typed(conditions=CONDITIONS)),
    repositories(),
    kind(
        "EventListener",
        "triggers.tekton.dev",
        "v1beta1",
        typed(
            serviceAccountName=TEXT,
            triggers=listed(name=TEXT, triggerRef=TEXT, bindings=listed(), template=typed()),
        ),
        typed(conditions=CONDITIONS, address=typed(url=TEXT)),
    ),
    kind("Trigger", "triggers.tekton.dev", "v1beta1", typed(bindings=listed(), template=typed(ref=TEXT))),
    kind("TriggerBinding", "triggers.tekton.dev", "v1beta1", typed(params=listed(name=TEXT, value=TEXT))),
    kind("TriggerTemplate", "triggers.tekton.dev", "v1beta1", typed(params=listed(), resourcetemplates=listed())),
)


def documents() -> list[Json]:
    """All of them; of OpenShift's only those that deliver: another test turns its others on and off."""
    beside = [each for file in sorted(CRDS.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text()) if each]
    for each in beside:
        if each["spec"]["names"]["kind"] == "Application":  # a sync is asked for beside the spec
            for version in each["spec"]["versions"]:
                version["schema"]["openAPIV3Schema"]["properties"]["operation"] = typed(sync=ANYTHING)
    return [*(each for each in beside if each["spec"]["group"] != "route.openshift.io"), *MISSING]


@contextmanager
def deliveries() -> Iterator[None]:
    """While this runs, the cluster serves them, and nobody works on it who counts on plain Kubernetes."""
    with served(documents()):
        yield


@contextmanager
def served(definitions: Sequence[Json]) -> Iterator[None]:
    """While this runs, the cluster serves these kinds, and nobody works on it who counts on plain Kubernetes."""
    with LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = yaml.safe_dump_all(definitions)
        try:
            _kubectl("apply", "--server-side", "-f", "-", stdin=text)
            names = [f"crd/{each['metadata']['name']}" for each in definitions]
            _kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)
            yield
        finally:
            _kubectl(
                "delete", "--ignore-not-found", "--timeout=60s", "-f", "-", stdin=text
            )  # whoever is next makes them anew


def _kubectl(*arguments: str, stdin: str = "") -> None:
    done = subprocess.run(
        ["kubectl", "--kubeconfig", KUBECONFIG, *arguments],
        input=stdin, capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
