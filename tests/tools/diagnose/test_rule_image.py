"""Images that do not come: which one is meant, and whose credentials are wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, event, pod, snapshot, status
from tools.diagnose.diagnose import findings_of
from tools.diagnose.facts.image_pulls import reference
from tools.diagnose.findings import Finding, Known
from tools.diagnose.reading.secrets import fits, without_credentials
from tools.diagnose.rules.images.image import image_pull
from tools.json import Json

IMAGE = "reg.example/team/shop:2"
NOT_FOUND = "failed to resolve reference: not found"
UNAUTHORIZED = "pulling from host reg.example failed with status code [manifests 2]: 401 Unauthorized"


def failing(image: str = IMAGE, message: str = NOT_FOUND, *, reason: str = "ImagePullBackOff", **spec: Any) -> Json:
    waiting = {
        "waiting": {"reason": reason, "message": f'Back-off pulling image "{image}": ErrImagePull: {message}'}
    }
    return pod(status(waiting), phase="Pending", spec={"containers": [{"name": "app", "image": image}], **spec})


def running(image: str, name: str = "well") -> Json:
    well = pod(status({"running": {"startedAt": ago(60)}}, ready=True), name=name, owner=[])
    well["spec"]["containers"] = [{"name": "app", "image": image}]
    return well


def secret(name: str, *registries: str, kind: str = "kubernetes.io/dockerconfigjson") -> Json:
    return {"metadata": {"name": name}, "type": kind, "registries": list(registries), "data": {}}


def account(*names: str, name: str = "default") -> Json:
    return {"metadata": {"name": name}, "imagePullSecrets": [{"name": one} for one in names]}


def named(*names: str) -> Json:
    return {"imagePullSecrets": [{"name": one} for one in names]}


def found(*pods: Json, **kinds: Any) -> Finding:
    [finding] = image_pull(snapshot(*pods, **kinds), Known())
    return finding


def refused(*secrets: Json, pod_names: tuple[str, ...] = (), linked: tuple[str, ...] = ()) -> Finding:
    pulling = failing(message=UNAUTHORIZED, **(named(*pod_names) if pod_names else {}))
    return found(pulling, Secret=list(secrets), ServiceAccount=[account(*linked)])


@pytest.mark.parametrize(
    ("wrong", "there", "evident"),
    [
        (IMAGE, "reg.example/team/shop:1", True),
        ("reg.example/team/shpo:1", "reg.example/team/shop:1", True),
        ("reg.example/team/sho:1", "reg.example/team/shop:1", True),
        ("busybox:9", "docker.io/library/busybox:1", True),
        (f"reg.example/team/shop@sha256:{'a' * 64}", "reg.example/team/shop:1", False),
    ],
)
def test_the_image_that_runs_is_named(wrong: str, there: str, evident: bool) -> None:
    finding = found(failing(wrong), running(there))

    assert f"{there} runs here" in finding.summary
    assert finding.remedies[0].tool == ("set_image" if evident else None)
    assert finding.remedies[0].command.endswith(f"={there}")


@pytest.mark.parametrize(
    "there", ["reg.example/team/stock:1", "other.example/team/shop:1", "reg.example/team2/shop:1"]
)
def test_what_is_another_image_is_not_named(there: str) -> None:
    finding = found(failing(), running(there))

    assert "runs here" not in finding.summary
    assert finding.remedies[0].tool is None


def test_the_tag_that_the_same_container_ran_before_goes_first() -> None:
    before = pod(status({"running": {"startedAt": ago(60)}}, ready=True), name="shop-abc-0")
    before["spec"]["containers"] = [{"name": "app", "image": "reg.example/team/shop:1"}]

    finding = found(failing(), before, running("reg.example/team/shop:22"))

    assert finding.remedies[0].arguments["image"] == "reg.example/team/shop:1"


def test_a_host_with_a_slip() -> None:
    finding = found(failing("reg.exmple/a/b:1", "lookup reg.exmple: no such host"), running(IMAGE))

    assert "other images here come from reg.example" in finding.summary
    assert finding.remedies[0].arguments["image"] == "reg.example/a/b:1"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("http: server gave HTTP response to HTTPS client", "one of the two speaks HTTP and the other HTTPS"),
        ("unexpected status code: 503 Service Unavailable", "has a failure of its own"),
        ("name unknown: repository not known to registry", "has no such repository"),
        ("denied: requested access to the resource is denied", "or has no such repository"),
        ("pulling failed with status code [manifests 1]: 400 Bad Request", "2: pulling failed with status code"),
    ],
)
def test_what_the_registry_says(message: str, said: str) -> None:
    assert said in found(failing(message=message)).summary


def test_a_pull_held_back_for_an_instant_is_said_as_before() -> None:
    pulling = failing(message="pull QPS exceeded")
    said = event("shop-abc-1", "Failed", f'Failed to pull image "{IMAGE}": {NOT_FOUND}')

    assert "no such image or tag" in found(pulling, Event=[said]).summary


def test_no_tag_means_latest() -> None:
    assert "it names no tag, which means latest" in found(failing("reg.example/shop")).summary


def test_no_pull_secret_at_all() -> None:
    finding = refused()

    assert "its pod has no pull secret (service account default)" in finding.summary
    assert [one.tool for one in finding.remedies] == ["create_pull_secret", "link_pull_secret"]
    assert [one.arguments["pull_secret"] for one in finding.remedies] == ["registry-pull", "registry-pull"]


def test_a_new_pull_secret_has_a_name_of_its_own() -> None:
    remedies = refused(secret("registry-pull", "quay.io"), secret("registry-pull-2", "ghcr.io")).remedies

    assert [one.arguments["pull_secret"] for one in remedies] == ["registry-pull-3", "registry-pull-3"]


def test_what_no_tool_can_make_anew_is_for_people() -> None:
    """A Job's pods go on without the pull secret until somebody deletes them."""
    of_job = failing(message=UNAUTHORIZED)
    of_job["metadata"]["ownerReferences"] = [
        {"apiVersion": "batch/v1", "kind": "Job", "name": "shop", "controller": True}
    ]
    remedies = found(of_job, Secret=[], ServiceAccount=[account()]).remedies

    assert [one.tool for one in remedies] == [None, None]
    assert "kubectl delete pod" in remedies[1].command


def test_pods_older_than_their_pull_secret_are_made_anew() -> None:
    finding = refused(secret("pull", "reg.example"), linked=("pull",))

    assert (finding.remedies[0].tool, finding.remedies[0].arguments["kind"]) == ("restart", "Deployment")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("pull-a",), "its pull secret pull-a does not exist; the nearest there is: pull"),
        (("quay",), "its pull secret quay is for quay.io, not for reg.example; pull is one"),
        (("opaque",), "its pull secret opaque is of type Opaque, not kubernetes.io/dockerconfigjson"),
        (("pull",), "it refuses the credentials of the pull secret pull"),
        (("quay", "pull"), "it refuses the credentials of the pull secret pull"),
    ],
)
def test_the_pull_secret_that_is_named(names: tuple[str, ...], said: str) -> None:
    there = (secret("pull", "reg.example"), secret("quay", "quay.io"), secret("opaque", kind="Opaque"))

    assert said in refused(*there, pod_names=names).summary


def test_a_fitting_secret_that_is_not_linked() -> None:
    finding = refused(secret("pull", "*.example"))

    assert "there is the pull secret pull for reg.example, but the service account default" in finding.summary
    assert finding.remedies[0].arguments == {
        "namespace": "shop-dev",
        "service_account": "default",
        "pull_secret": "pull",
    }
    assert finding.remedies[0].command.startswith("kubectl patch serviceaccount/default -n shop-dev")


def test_openshift_links_with_oc() -> None:
    pulling = failing(message=UNAUTHORIZED)
    finding = found(pulling, Secret=[secret("pull", "reg.example")], ServiceAccount=[account()], Route=[])

    assert finding.remedies[0].command.startswith("oc secrets link default pull --for=pull -n shop-dev")


def test_linked_after_the_pod_was_made() -> None:
    assert "but the pod is older than that" in refused(secret("pull", "reg.example"), linked=("pull",)).summary


def test_a_secret_that_others_try_in_vain_is_not_proposed() -> None:
    other = failing(message=UNAUTHORIZED, **named("bad"))
    other["metadata"] |= {"name": "other", "ownerReferences": []}

    findings = image_pull(
        snapshot(failing(message=UNAUTHORIZED), other, Secret=[secret("bad", "reg.example")], ServiceAccount=[]),
        Known(),
    )

    assert any("its pod has no pull secret" in finding.summary for finding in findings)


def test_secrets_that_may_not_be_read_are_not_missing() -> None:
    pulling = failing(message=UNAUTHORIZED, **named("pull"))

    assert "its pull secret pull could not be looked into" in found(pulling).summary


def test_the_kubelet_says_which_is_missing_where_secrets_may_not_be_read() -> None:
    pulling = failing(message=UNAUTHORIZED, **named("pull"))
    said = event(
        "shop-abc-1", "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (pull); x"
    )

    assert "its pull secret pull does not exist" in found(pulling, Event=[said]).summary


@pytest.mark.parametrize(
    ("registry", "image", "expected"),
    [
        ("reg.example", IMAGE, True),
        ("reg.example/team", IMAGE, True),
        ("reg.example/other", IMAGE, False),
        ("*.example", IMAGE, True),
        ("*.reg.example", IMAGE, False),
        ("reg.example:5000", IMAGE, False),
        ("index.docker.io", "busybox", True),
        ("docker.io", "busybox", True),
        ("quay.io", "busybox", False),
    ],
)
def test_which_images_credentials_are_for(registry: str, image: str, expected: bool) -> None:
    assert fits(registry, reference(image)) is expected


def test_nothing_but_hosts_is_kept_of_a_pull_secret() -> None:
    auths = {
        "https://index.docker.io/v1/": {"auth": "c2VjcmV0"},
        "u:secret@reg.example/team": {"password": "secret"},
    }
    data = {".dockerconfigjson": base64.b64encode(json.dumps({"auths": auths}).encode()).decode()}
    whole = {"metadata": {"name": "pull"}, "type": "kubernetes.io/dockerconfigjson", "data": data}

    kept = without_credentials(whole)

    assert kept["registries"] == ["index.docker.io", "reg.example/team"]
    assert "secret" not in json.dumps(kept).replace("pull", "") and "c2VjcmV0" not in json.dumps(kept)
    assert kept["data"] == {".dockerconfigjson": ""}


@pytest.mark.parametrize("content", ["", "!", "bnVsbA==", "W10=", "eyJhdXRocyI6IFtdfQ=="])
def test_a_pull_secret_with_nonsense_in_it_is_for_no_registry(content: str) -> None:
    whole = {
        "metadata": {"name": "pull"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": content},
    }

    assert without_credentials(whole)["registries"] == []


def test_a_pod_that_still_pulls_is_no_finding() -> None:
    starting = pod(status({"waiting": {"reason": "ContainerCreating"}}), phase="Pending")

    assert findings_of(snapshot(starting, running(IMAGE))) == []


@pytest.mark.parametrize(
    ("message", "count", "severity"),
    [
        ("dial tcp 192.0.2.1:443: i/o timeout", 1, "warning"),
        ("dial tcp 192.0.2.1:443: i/o timeout", 2, "error"),
        (NOT_FOUND, 1, "error"),
    ],
)
def test_a_registry_may_answer_the_next_try(message: str, count: int, severity: str) -> None:
    tried = {**event("shop-abc-1", "Failed", f'Failed to pull image "{IMAGE}": {message}'), "count": count}
    finding = found(failing(message=message), Event=[tried])

    assert (finding.severity, finding.so_far) == (severity, severity == "warning")
