"""All chains at once on a real cluster, with the real kinds: each leads to its one broken link."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from kubernetes.client import (
    ApiClient,
    AuthenticationV1TokenRequest,
    CoreV1Api,
    CustomObjectsApi,
    V1TokenRequestSpec,
)
from kubernetes.utils import create_from_dict

from agent.cli import main
from tests.tools.delivery import argo_cd_chains, openshift_chains, tekton_chains, webhook_scene
from tests.tools.delivery.chains import ARGO_CD, GITOPS, NOW, TARGET, Chain
from tests.tools.delivery.kinds import deliveries
from tests.tools.diagnose.real_cluster import KUBECONFIG, ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.git_hosts.server import TOKEN, GitServer, git_server
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.did_you_mean import NotThere
from tools.cluster.resources import find
from tools.delivery import debug_pipeline, why_not_live
from tools.git_hosts.github import GitHub
from tools.git_hosts.gitlab import GitLab
from tools.git_hosts.hosts import GitHosts
from tools.json import Json

pytestmark = ON_A_CLUSTER

APPLICATIONS = (*argo_cd_chains.BROKEN, *argo_cd_chains.GOING)
BUILDS = (*tekton_chains.BROKEN, *openshift_chains.BROKEN)
ON_THEIR_WAY = (*tekton_chains.GOING, *openshift_chains.GOING)
BUILT = [
    Chain("an application whose build failed", [argo_cd_chains.application("src")], "BuildFailed", "Build src-7"),
    Chain(
        "one whose image is a run's result",
        [
            argo_cd_chains.application("shipped", status={"summary": {"images": ["quay.io/shop/shipped:1"]}}),
            tekton_chains.run(
                "ship", "False", "ParameterMissing", "missing values for these params: [tag]",
                results=[{"name": "IMAGE_URL", "value": "quay.io/shop/shipped:2"}],
            ),
        ],
        "PipelineRunInvalid",
        "PipelineRun ship",
    ),
]  # fmt: skip
EVERY = (*APPLICATIONS, *BUILDS, *ON_THEIR_WAY, *BUILT)


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def scene() -> Iterator[dict[str, str]]:
    """Namespace of the table -> that of this run, with everything of all chains in them."""
    api = administrator()
    with ExitStack() as stack:
        stack.enter_context(deliveries())
        names = {each: stack.enter_context(new_namespace(api, f"dl-{each}")) for each in (ARGO_CD, GITOPS, TARGET)}
        made = {_which(item): item for chain in EVERY for item in chain.objects}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: _make(api, _moved(item, names)), made.values()))
        yield names


def _which(item: Json) -> tuple[str, str, str]:
    return item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]


def _moved(item: Json, names: dict[str, str]) -> Json:
    """The object with the namespaces of this run."""
    text = json.dumps(item)
    for written, real in names.items():
        text = text.replace(f'"{written}"', f'"{real}"')
    moved: Json = json.loads(text)
    return moved


def _make(api: ApiClient, item: Json) -> None:
    """Create it, and write its status as its controller would."""
    namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
    status = {"status": item.get("status") or {}}
    if item["kind"] in ("Pod", "Ingress", "ConfigMap", "Deployment"):
        create_from_dict(api, item)
    if item["kind"] in ("Ingress", "ConfigMap", "Deployment"):
        return
    if item["kind"] == "Pod":
        CoreV1Api(api).patch_namespaced_pod_status(name, namespace, status)
        return
    resource = find(item["kind"])
    assert resource is not None
    custom, version = CustomObjectsApi(api), resource.api_version.partition("/")[2]
    where = (resource.group, version, namespace, resource.plural)
    custom.create_namespaced_custom_object(*where, item)
    if item.get("status") and item["kind"] != "Application":  # which has no subresource for it
        custom.patch_namespaced_custom_object_status(*where, name, status)


def said(detail: str, names: dict[str, str]) -> str:
    """What is to be said, with the namespaces of this run."""
    return detail.replace(f"in {ARGO_CD}", f"in {names[ARGO_CD]}")


@pytest.mark.parametrize("chain", argo_cd_chains.BROKEN, ids=lambda chain: chain.id)
def test_an_application_that_does_not_get_there(chain: Chain, scene: dict[str, str], cluster: HttpCluster) -> None:
    report = _why_not_live(chain, cluster)

    [finding] = report["findings"]
    assert (finding["cause"], f"{finding['object']['kind']} {finding['object']['name']}") == (
        chain.cause,
        chain.about,
    )
    assert said(chain.detail, scene) in finding["summary"]
    assert [link["said"] for link in report["links"] if link["state"] == "broken"] == [finding["summary"]]


@pytest.mark.parametrize("chain", argo_cd_chains.GOING, ids=lambda chain: chain.id)
@pytest.mark.usefixtures("scene")
def test_an_application_that_gets_there(chain: Chain, cluster: HttpCluster) -> None:
    report = _why_not_live(chain, cluster)

    assert report["findings"] == []
    assert report["settled"] != chain.going


@pytest.mark.parametrize("chain", BUILT, ids=lambda chain: chain.id)
@pytest.mark.usefixtures("scene")
def test_an_application_whose_image_is_not_built(chain: Chain, cluster: HttpCluster) -> None:
    report = _why_not_live(chain, cluster)

    [finding] = report["findings"]
    assert (finding["cause"], f"{finding['object']['kind']} {finding['object']['name']}") == (
        chain.cause,
        chain.about,
    )
    states = {link["link"]: link["state"] for link in report["links"]}
    assert (states["build"], states["Argo CD"], states["pods"]) == ("broken", "waits", "waits")


def _why_not_live(chain: Chain, cluster: HttpCluster) -> Json:
    name = chain.objects[0]["metadata"]["name"]
    wanted = chain.wanted
    return why_not_live.diagnose(cluster, app=name, commit=wanted.commit, image=wanted.image, now=NOW)


@pytest.fixture(scope="module")
def report(scene: dict[str, str], cluster: HttpCluster) -> Json:
    """One look at all that delivers into the namespace."""
    return debug_pipeline.diagnose(cluster, namespace=scene[TARGET], now=NOW)


@pytest.mark.parametrize("chain", BUILDS, ids=lambda chain: chain.id)
def test_what_does_not_build(chain: Chain, report: Json) -> None:
    found = {f"{each['object']['kind']} {each['object']['name']}": each for each in report["findings"]}

    assert (found[chain.about]["cause"], found[chain.about]["severity"]) == (chain.cause, chain.severity)
    assert chain.detail in found[chain.about]["summary"]


def test_all_that_delivers_and_nothing_that_works(report: Json) -> None:
    found = {finding["object"]["name"]: finding["cause"] for finding in report["findings"]}
    plain = [chain for chain in argo_cd_chains.BROKEN if chain.wanted.commit == chain.wanted.image == ""]
    assert {chain.about.split()[1]: chain.cause for chain in plain}.items() <= found.items()
    well = {item["metadata"]["name"] for chain in (*argo_cd_chains.GOING, *ON_THEIR_WAY) for item in chain.objects}
    assert not well & found.keys()


@pytest.mark.parametrize("name", ["unit", "unit-pipeline", "src", "src-7", "manual", "quiet"])
def test_one_by_its_name(name: str, scene: dict[str, str], cluster: HttpCluster) -> None:
    report = debug_pipeline.diagnose(cluster, namespace=scene[TARGET], name=name, now=NOW)

    [finding] = report["findings"]
    assert finding["object"]["name"].startswith(name.removesuffix("-pipeline"))


def test_a_name_that_is_not_there_offers_the_nearest(scene: dict[str, str], cluster: HttpCluster) -> None:
    with pytest.raises(NotThere, match="Did you mean unit"):
        debug_pipeline.diagnose(cluster, namespace=scene[TARGET], name="unitt", now=NOW)
    with pytest.raises(NotThere, match="Did you mean manual"):
        why_not_live.diagnose(cluster, app="manuel", now=NOW)


def test_with_view_only_what_cannot_be_read_is_listed(scene: dict[str, str], viewer: HttpCluster) -> None:
    report = debug_pipeline.diagnose(viewer, namespace=scene[TARGET], now=NOW)

    assert report["findings"] == []
    unread = {each.partition(":")[0] for each in report["not_checked"]}
    assert {"applications.argoproj.io", "pipelineruns.tekton.dev", "builds.build.openshift.io"} <= unread
    report = why_not_live.diagnose(viewer, app="manual", namespace=scene[TARGET], now=NOW)
    assert report["findings"] == []
    assert {link["state"] for link in report["links"]} == {"not checked"}


@pytest.fixture(scope="module")
def viewer(scene: dict[str, str]) -> HttpCluster:
    """Who has the role view in the namespace that is delivered to, and nothing else."""
    api, namespace = administrator(), scene[TARGET]
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "viewer"}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "viewer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "viewer", "namespace": namespace}],
    }
    for item in (account, binding):
        create_from_dict(api, item, namespace=namespace)
    issued = CoreV1Api(api).create_namespaced_service_account_token(
        "viewer", namespace, AuthenticationV1TokenRequest(spec=V1TokenRequestSpec(audiences=[]))
    )
    assert issued.status is not None
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    document["users"] = [{"name": document["users"][0]["name"], "user": {"token": issued.status.token}}]
    return connect(Where(document=document))


@pytest.fixture(scope="module")
def git(scene: dict[str, str]) -> Iterator[GitServer]:
    """A git host with what it tells this cluster of."""
    api = administrator()
    with git_server() as server:
        webhook_scene.play(server, scene[TARGET])
        for item in webhook_scene.objects(server):
            _make(api, _moved(item, scene))
        yield server


def _of_webhook(report: Json) -> tuple[str, str]:
    return next((link["state"], link["said"]) for link in report["links"] if link["link"] == "webhook")


@pytest.mark.parametrize(
    ("app", "cause", "detail"),
    [
        ("hook-refused", "WebhookFailing", "GitHub told Argo CD of abc1234 and got 400, 5 min ago"),
        ("gone", "WebhookMissing", "points at BuildConfig gone: no push starts it"),
        ("refuses", "WebhookFailing", "told BuildConfig refuses of abc1234 and got 401 (its secret is not the"),
        ("listened", "WebhookFailing", "for EventListener listened sends nothing: it is not active"),
    ],
)
def test_a_webhook_that_does_not_tell(
    app: str, cause: str, detail: str, git: GitServer, scene: dict[str, str], cluster: HttpCluster
) -> None:
    make = GitLab if app == "refuses" else GitHub
    hosts = GitHosts({git.host: make(git.url, TOKEN)})
    report = why_not_live.diagnose(
        cluster, app=app, namespace=scene[TARGET], commit=argo_cd_chains.NEW, git_hosts=hosts, now=NOW
    )

    [finding] = report["findings"]
    assert (finding["cause"], detail in finding["summary"]) == (cause, True), finding["summary"]
    assert _of_webhook(report) == ("broken", finding["summary"])
    assert all(each["command"] for each in finding["remedies"])
    assert TOKEN not in json.dumps(report) and webhook_scene.SECRET not in json.dumps(report)


@pytest.mark.parametrize(
    ("app", "state", "detail"),
    [
        ("hook-told", "ok", "GitHub told Argo CD of abc1234: it answered 200 5 min ago"),
        ("hook-lost", "not checked", "of the last 1 pushes, and abc1234 is in none"),
        ("hook-unhooked", "not there", "points at Argo CD, which looks at git by itself"),
        ("hook-elsewhere", "not checked", "no token: https://github.com/shop/elsewhere/settings/hooks"),
    ],
)
def test_a_webhook_that_is_not_what_is_broken(
    app: str, state: str, detail: str, git: GitServer, cluster: HttpCluster
) -> None:
    hosts = GitHosts({git.host: GitHub(git.url, TOKEN)})
    report = why_not_live.diagnose(cluster, app=app, commit=argo_cd_chains.NEW, git_hosts=hosts, now=NOW)

    assert [finding["cause"] for finding in report["findings"]] == ["SyncedAtOldRevision"]
    assert (_of_webhook(report)[0], detail in _of_webhook(report)[1]) == (state, True), _of_webhook(report)


def test_a_git_host_that_does_not_let_it_be_read_is_not_checked(
    git: GitServer, cluster: HttpCluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_HOST", git.url)
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "ghp_expired0123456789abcdefghijklmnopqr")
    with pytest.raises(SystemExit) as ended:
        main(
            ["why-not-live", "hook-told", "--commit", argo_cd_chains.NEW, "--kubeconfig", KUBECONFIG, "-o", "json"]
        )
    said = capsys.readouterr().out

    assert ended.value.code == 1
    assert _of_webhook(json.loads(said))[0] == "not checked"
    assert "GitHub does not take the token (401)" in _of_webhook(json.loads(said))[1]
    assert "ghp_" not in said


def test_as_typed(scene: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["why-not-live", "behind", "--commit", argo_cd_chains.NEW, "--kubeconfig", KUBECONFIG, "-o", "json"])
    told = json.loads(capsys.readouterr().out)

    assert ended.value.code == 1
    assert (told["schema"], told["namespace"]) == ("desk.findings/v1", scene[TARGET])
    assert [link["link"] for link in told["links"] if link["state"] == "broken"] == ["commit"]
