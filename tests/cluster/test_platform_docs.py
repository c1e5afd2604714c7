"""The platform's pages on the real cluster: a team's member types them from top to bottom, and they work."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.cluster import served
from tests.cluster.conftest import KUBECONFIG, Workspace, kubectl, new_workspace
from tests.tools.platform_docs.pages import commands
from tools.cluster.connect import Where, connect
from tools.platform_docs.facts import Facts
from tools.platform_docs.pages import page
from tools.platform_docs.reading import REQUESTS_AT_MOST, read_facts
from tools.topics import TOPICS, Topic

pytestmark = pytest.mark.cluster

TYPED_BY: dict[str, tuple[Topic, ...]] = {
    "a": ("getting-started", "debugging", "security", "ci-cd"),
    "b": ("monitoring", "networking"),
    "c": ("deploying-apps", "storage", "scaling"),
}
"""Which of the teams types which pages, side by side."""
GIVEN = {"a": ("--cpu", "3"), "b": ("--cpu", "2", "--close", "same-namespace"), "c": ()}
"""What the teams were given, each something else."""


@dataclass(frozen=True)
class Team:
    """A team with one provisioned namespace and one member, who may edit there and nothing else."""

    name: str
    namespace: str
    member: str
    kubeconfig: str

    def facts(self) -> Facts:
        """As the member reads them."""
        return read_facts(connect(Where(self.kubeconfig)), namespace=self.namespace)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return new_workspace(tmp_path_factory.mktemp("platform-docs"))


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Team]]:
    """Teams whose namespaces were provisioned side by side."""
    mark, folder = secrets.token_hex(3), tmp_path_factory.mktemp("members")
    made = {name: _team(name, mark, folder) for name in TYPED_BY}
    workspaces = {name: new_workspace(tmp_path_factory.mktemp(name)) for name in made}

    def provision(name: str) -> None:
        team = made[name]
        given = ("--team", team.name, "--members", team.member, *GIVEN[name])
        done = workspaces[name].desk("provision-namespace", team.namespace, *given)
        assert done.returncode == 0, done.stdout + done.stderr

    with served.unchanged():
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(provision, made))
            yield made
        finally:
            names = [team.namespace for team in made.values()]
            kubectl("delete", "namespace", *names, "--wait=false", "--ignore-not-found")


def _team(name: str, mark: str, folder: Path) -> Team:
    member, file = f"ann-{mark}@{name}.example.com", folder / f"{name}.yaml"
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    document["users"][0]["user"]["as"] = member
    file.write_text(yaml.safe_dump(document))
    return Team(f"pd-{mark}-{name}", f"pd-{mark}-{name}-dev", member, str(file))


def test_every_page_is_typed_from_top_to_bottom_by_the_teams_member(
    teams: dict[str, Team], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert sorted(topic for topics in TYPED_BY.values() for topic in topics) == sorted(TOPICS)

    def type_pages(team: str) -> dict[Topic, str]:
        folder = tmp_path_factory.mktemp(f"typed-{team}")
        return {topic: _typed(teams[team], topic, folder) for topic in TYPED_BY[team]}

    with _volumes_that_others_than_root_may_write(teams["c"].namespace), ThreadPoolExecutor() as pool:
        said = {topic: text for typed in pool.map(type_pages, TYPED_BY) for topic, text in typed.items()}
    assert "\nhello\n" in said["getting-started"]
    assert "ImagePullBackOff" in said["debugging"]
    assert "exit code 1" in said["debugging"]
    assert "it is there" in said["security"]
    assert f"system:serviceaccount:{teams['a'].namespace}:ci" in said["ci-cd"]
    assert "./starts" in said["storage"]
    for team in teams.values():
        left = kubectl("get", "deploy,service,job,pvc,hpa,pdb,ingress", "-n", team.namespace, "-o", "name")
        assert left == ""  # each page takes away what it made


def _typed(team: Team, topic: Topic, folder: Path) -> str:
    """What a page's commands say, which all succeed: read and typed by the member, in an empty folder."""
    script = commands(page(topic, team.facts()))
    assert script, topic
    environment = {
        **os.environ,
        "KUBECONFIG": team.kubeconfig,
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, f"{topic}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@contextmanager
def _volumes_that_others_than_root_may_write(namespace: str) -> Iterator[None]:
    """What CSI drivers do for a pod's fsGroup, and this cluster's hostPath volumes do not."""
    over = threading.Event()

    def let_in() -> None:
        while not over.wait(0.5):
            for volume in json.loads(kubectl("get", "pv", "-o", "json"))["items"]:
                if (volume["spec"].get("claimRef") or {}).get("namespace") == namespace:
                    Path(volume["spec"]["hostPath"]["path"]).chmod(0o777)

    thread = threading.Thread(target=let_in, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_the_pages_of_two_teams_differ_where_their_facts_do(teams: dict[str, Team]) -> None:
    a, b = teams["a"].facts(), teams["b"].facts()
    assert (a.quota.parts["limits.cpu"], b.quota.parts["limits.cpu"]) == ("3", "2")
    assert ("| limits.cpu | 3 |" in page("scaling", a), "| limits.cpu | 2 |" in page("scaling", b)) == (True, True)
    reaches = "wget -qO- http://hello/"
    assert (reaches in page("networking", a), reaches in page("networking", b)) == (True, False)


def test_what_the_member_may_not_read_is_told_and_what_there_is_not_too(teams: dict[str, Team]) -> None:
    team = teams["a"]
    facts = team.facts()
    assert facts.user == team.member
    for unread in (facts.storage_classes, facts.nodes, facts.members, facts.prometheus):
        assert (unread.state, unread.said) == ("unreadable", f"may not be read by {team.member}")
    for absent in (facts.apis.karpenter, facts.apis.backups, facts.apis.vertical_autoscaler):
        assert (absent.state, absent.said) == ("absent", "not on this cluster")
    assert (facts.quota.source, facts.limits.source) == (
        f"v1/ResourceQuota {team.name}-quota",
        "v1/LimitRange default-limits",
    )
    all_of_it = read_facts(connect(Where(KUBECONFIG)), team=team.name)
    assert (all_of_it.namespace, all_of_it.storage_classes.state) == (team.namespace, "known")
    assert any(team.member in each for each in all_of_it.members.value or ())


def test_the_facts_are_read_at_once_and_with_few_requests(teams: dict[str, Team]) -> None:
    log = Path(os.environ.get("DESK_KUBE_DIR", "/var/lib/desk-kube")) / "log" / "audit.log"
    read_to, begun = log.stat().st_size, time.monotonic()
    teams["b"].facts()
    assert time.monotonic() - begun < 3
    with log.open() as lines:
        lines.seek(read_to)
        events = [json.loads(line) for line in lines if teams["b"].member in line]
    asked = [event for event in events if event["stage"] == "ResponseComplete"]
    assert 15 < len(asked) <= REQUESTS_AT_MOST
    assert {event["verb"] for event in asked} <= {"get", "list", "create"}
    assert {event["objectRef"]["resource"] for event in asked if event["verb"] == "create"} <= {
        "selfsubjectreviews",
        "selfsubjectaccessreviews",
    }


def test_a_fact_that_changes_makes_the_site_stale(teams: dict[str, Team], workspace: Workspace) -> None:
    team = teams["a"]
    done = workspace.desk("docs", "--site", "docs-a", "--team", team.name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert workspace.git("status", "--porcelain") == ""  # it is committed
    assert workspace.desk("docs", "--check", "--site", "docs-a").returncode == 0

    quota = '{"spec":{"hard":{"pods":"49"}}}'
    kubectl("patch", "resourcequota", f"{team.name}-quota", "-n", team.namespace, "--type=merge", "-p", quota)
    _until_counted(team, "49")
    done = workspace.desk("docs", "--check", "--site", "docs-a")
    assert (done.returncode, f"  quota pods: 50 -> 49  (v1/ResourceQuota {team.name}-quota)" in done.stdout) == (
        1,
        True,
    )

    document = json.loads(workspace.desk("docs", "--check", "--site", "docs-a", "-o", "json").stdout)
    assert [(each["name"], each["was"], each["is_now"]) for each in document["stale"]] == [
        ("quota pods", "50", "49")
    ]

    as_member = workspace.desk("docs", "--check", "--site", "docs-a", kubeconfig=team.kubeconfig)
    assert (as_member.returncode, "Not compared, for you may not read it: " in as_member.stdout) == (1, True)


def _until_counted(team: Team, pods: str) -> None:
    """The quota's controller writes its status a moment later."""
    path = "jsonpath={.status.hard.pods}"
    kubectl(
        "wait", f"resourcequota/{team.name}-quota", "-n", team.namespace, f"--for={path}={pods}", "--timeout=20s"
    )


def test_how_do_i_get_a_volume_here_leads_to_the_page(teams: dict[str, Team], workspace: Workspace) -> None:
    team = teams["a"]
    words = ("run", "--model", "playbook", "-n", team.namespace, "how do I get a volume here?", "-o", "json")
    session = json.loads(workspace.desk(*words, kubeconfig=team.kubeconfig).stdout)
    assert (session["status"], [each["tool"] for each in session["results"]]) == ("done", ["docs"])
    assert session["results"][0]["data"]["topic"] == "storage"
    assert "kind: PersistentVolumeClaim" in session["summary"]
