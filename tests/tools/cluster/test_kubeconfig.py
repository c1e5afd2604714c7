"""What a kubeconfig says, read as the `kubernetes` client reads it where that is as kubectl, and as kubectl."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import yaml
from kubernetes.client import Configuration
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

from tools.cluster.connect import Where, connect
from tools.cluster.errors import ClusterError
from tools.cluster.kubeconfig import Unusable, chosen, merged
from tools.cluster.login import content, login_of
from tools.json import Json

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")


def data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(name: str = "one", *, cluster: Json | None = None, user: Json | None = None, **changed: Any) -> Json:
    return {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443", **(cluster or {})}}],
        "users": [{"name": name, "user": {"token": f"token-{name}"} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"{name}-ns"}}],
        "current-context": name,
        **changed,
    }


def written(path: Path, document: Json) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return path


class Read(NamedTuple):
    """What counts of a kubeconfig."""

    namespace: str
    server: str
    ca: bytes
    authorization: str | None
    certificate: bytes


def by_desk(files: list[Path], context: str | None) -> Read:
    documents = [(file.parent, yaml.safe_load(file.read_text())) for file in files]
    choice = chosen(merged(documents), context)
    login = login_of(choice)
    ca = content(choice.cluster, "certificate-authority")
    server = choice.cluster["server"].rstrip("/")
    return Read(choice.namespace, server, ca, login.authorization(), login.certificate)


def by_client(files: list[Path], context: str | None) -> Read:
    configuration = Configuration()
    merger = KubeConfigMerger(os.pathsep.join(map(str, files)))
    loader = KubeConfigLoader(merger.config, active_context=context, config_base_path=None)
    loader.load_and_set(configuration)
    parts = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
    ca, certificate, key = (Path(part).read_bytes() if part else b"" for part in parts)
    return Read(
        str(loader.current_context["context"].get("namespace") or "default"),
        configuration.host,
        ca,
        configuration.auth_settings().get("BearerToken", {}).get("value"),
        certificate + (b"\n" + key if key else b""),
    )


CERTIFICATE = {"client-certificate-data": data("its certificate"), "client-key-data": data("its key")}
FILES = {"client-certificate": "pki/user.crt", "client-key": "pki/user.key"}
NAMELESS = [{"name": "one", "context": {"cluster": "one", "user": "one"}}]
TWO = kubeconfig("two")
BOTH: Json = {key: value + TWO[key] if isinstance(value, list) else value for key, value in kubeconfig().items()}

THE_SAME: dict[str, tuple[list[Json], str | None]] = {
    "a token": ([kubeconfig()], None),
    "a token in a file": ([kubeconfig(user={"tokenFile": "pki/token"})], None),
    "a certificate": ([kubeconfig(user=CERTIFICATE)], None),
    "a certificate in files beside it": ([kubeconfig(user=FILES)], None),
    "a certificate and a token": ([kubeconfig(user={**CERTIFICATE, "token": "t"})], None),
    "data and files": ([kubeconfig(user={**CERTIFICATE, **FILES})], None),
    "a CA": ([kubeconfig(cluster={"certificate-authority-data": data("a CA")})], None),
    "a CA in a file beside it": ([kubeconfig(cluster={"certificate-authority": "pki/ca.crt"})], None),
    "an address with a slash": ([kubeconfig(cluster={"server": "https://one.example/"})], None),
    "no namespace": ([kubeconfig(contexts=NAMELESS)], None),
    "another context": ([BOTH], "two"),
    "two files": ([kubeconfig("two"), kubeconfig("one") | {"current-context": "two"}], None),
    "two files, a context of the second": ([kubeconfig("one"), kubeconfig("two")], "two"),
    "two files, a CA beside the second": (
        [kubeconfig("one"), kubeconfig("two", cluster={"certificate-authority": "pki/ca.crt"})],
        "two",
    ),
    "two files, a certificate beside the second": ([kubeconfig("one"), kubeconfig("two", user=FILES)], "two"),
    "two files with the same names": ([kubeconfig(), kubeconfig(user={"token": "second"})], "one"),
    "a context in one, its cluster and user in the other": (
        [kubeconfig(clusters=[], users=[]), kubeconfig(contexts=[])],
        None,
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somewhere else than where the process is."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


def laid_out(folder: Path, documents: list[Json]) -> list[Path]:
    files = [written(folder / str(number) / "config", document) for number, document in enumerate(documents)]
    for file in files:
        (file.parent / "pki").mkdir()
        for name in ("ca.crt", "user.crt", "user.key", "token"):
            (file.parent / "pki" / name).write_text(f"{name} of {file.parent.name}")
    return files


@pytest.mark.parametrize("case", THE_SAME)
def test_it_is_read_as_the_client_reads_it(case: str, folder: Path) -> None:
    documents, context = THE_SAME[case]
    files = laid_out(folder, documents)
    assert by_desk(files, context) == by_client(files, context)


# --- where the client is not kubectl -----------------------------------------------------------------------


def test_the_first_current_context_that_is_not_empty_counts() -> None:
    one, two = kubeconfig("one"), kubeconfig("two")
    for documents, current in [
        ([one, two], "one"),
        ([one, {"current-context": ""}], "one"),
        ([{"current-context": ""}, two, one], "two"),
        ([{}, one], "one"),
        ([{"current-context": None, "users": None}, one], "one"),
    ]:
        assert chosen(merged((Path("/"), document) for document in documents), None).context == current


def test_an_entry_of_the_first_file_is_not_completed_by_the_second() -> None:
    first, second = kubeconfig(user=CERTIFICATE), kubeconfig(user={"token": "t"})
    assert chosen(merged([(Path("/"), first), (Path("/"), second)]), None).user == CERTIFICATE


@pytest.mark.parametrize(
    ("command", "run"),
    [
        ("aws", "aws"),
        ("./bin/aws", "/kube/bin/aws"),
        ("bin/aws", "/kube/bin/aws"),
        ("/usr/bin/aws", "/usr/bin/aws"),
    ],
)
def test_a_program_is_looked_for_beside_the_file_when_its_command_is_a_path(command: str, run: str) -> None:
    document = kubeconfig(user={"exec": {"command": command}})
    assert chosen(merged([(Path("/kube"), document)]), None).user["exec"]["command"] == run


def test_a_token_in_a_file_comes_before_a_token_that_is_written_down(tmp_path: Path) -> None:
    user = {"token": "old", "tokenFile": "token"}
    choice = chosen(merged([(tmp_path, kubeconfig(user=user))]), None)
    assert login_of(choice).authorization() == "Bearer old"
    (tmp_path / "token").write_text("new\n")
    assert login_of(choice).authorization() == "Bearer new"


def test_whom_we_act_as_is_asked_for_with_every_request() -> None:
    extra = {"Team/Ä b%": ["x", "y,z"], "plain": ["p"]}
    user = {"token": "t", "as": "jörg", "as-uid": "u-1", "as-groups": ["dev", "qa"], "as-user-extra": extra}
    sent = login_of(chosen(kubeconfig(user=user), None)).impersonation
    assert [(name, value.encode("latin-1").decode()) for name, value in sent] == [
        ("Impersonate-User", "jörg"),
        ("Impersonate-Uid", "u-1"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "qa"),
        ("Impersonate-Extra-Team%2F%C3%84%20b%25", "x"),
        ("Impersonate-Extra-Team%2F%C3%84%20b%25", "y,z"),
        ("Impersonate-Extra-plain", "p"),
    ]


@pytest.mark.parametrize(
    ("document", "context", "said"),
    [
        ({}, None, "it has no current context"),
        (kubeconfig(), "two", 'it has no context "two"'),
        (kubeconfig(clusters=[]), None, 'its context "one" names the cluster "one", which is not there'),
        (kubeconfig(users=[]), None, 'its context "one" names the user "one", which is not there'),
        (kubeconfig(contexts=kubeconfig()["contexts"] * 2), None, 'it has the context "one" twice'),
    ],
)
def test_what_kubectl_refuses_is_refused(document: Json, context: str | None, said: str) -> None:
    with pytest.raises(Unusable) as caught:
        chosen(merged([(Path("/"), document)]), context)
    assert str(caught.value) == said


# --- and as kubectl itself, on a cluster -------------------------------------------------------------------

PROGRAM = """#!/bin/sh
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}'
"""
PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "./bin/login",
    "interactiveMode": "Never",
    "installHint": "Get it where you got Desk.",
}


def kubectl(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **env}
    return subprocess.run(
        ["kubectl", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def whoami_of_kubectl(listed: str) -> tuple[str, set[str]] | None:
    """Name and groups; None when kubectl is refused, or refuses."""
    done = kubectl("auth", "whoami", "-o", "json", KUBECONFIG=listed)
    if done.returncode:
        return None
    user = json.loads(done.stdout)["status"]["userInfo"]
    return user["username"], set(user["groups"])


def whoami_of_desk(monkeypatch: pytest.MonkeyPatch, listed: str) -> tuple[str, set[str]] | None:
    monkeypatch.setenv("KUBECONFIG", listed)
    try:
        identity = connect(Where(), timeout_s=10).whoami()
    except ClusterError:
        return None
    return identity.username, set(identity.groups)


@pytest.fixture(scope="module")
def token() -> Iterator[str]:
    """A token of an account in a namespace of its own."""
    namespace = f"identity-{uuid4().hex[:8]}"
    admin = {"KUBECONFIG": KUBECONFIG}
    assert kubectl("create", "namespace", namespace, **admin).returncode == 0
    try:
        assert kubectl("create", "serviceaccount", "robot", "-n", namespace, **admin).returncode == 0
        yield kubectl("create", "token", "robot", "-n", namespace, **admin).stdout.strip()
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false", **admin)


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def users(token: str) -> dict[str, Json]:
    """Users of every sort; `{}` changes nothing of the administrator's, None takes their certificate away."""
    gone = {"client-certificate-data": None, "client-key-data": None}
    extra = {"team/Ä b%": ["x", "y,z"]}
    return {
        "certificate": {},
        "impersonation": {"as": "jane", "as-groups": ["dev", "qa"], "as-uid": "u-1", "as-user-extra": extra},
        "impersonation of one beyond ASCII": {"as": "jörg"},
        "groups without a name": {"as-groups": ["dev"]},
        "token": {**gone, "token": token},
        "token that is wrong": {**gone, "token": "wrong"},
        "token in a file beside it": {**gone, "tokenFile": "pki/token"},
        "token in a file before another": {**gone, "token": "wrong", "tokenFile": "pki/token"},
        "program": {**gone, "exec": PLUGIN},
        "program, and a token": {**gone, "exec": {**PLUGIN, "command": "false"}, "token": token},
        "program as somebody else": {**gone, "exec": PLUGIN, "as": "jane"},
        "program that is missing": {**gone, "exec": {**PLUGIN, "command": "no-such-login"}},
        "program that fails": {**gone, "exec": {**PLUGIN, "command": "false"}},
        "nothing": gone,
    }


@pytest.mark.cluster
@pytest.mark.skipif(not KUBECONFIG, reason="needs DESK_TEST_KUBECONFIG")
@pytest.mark.parametrize("case", users(""))
@pytest.mark.parametrize("way", ["ours", "the client's"])
def test_we_are_who_kubectl_is(
    way: str, case: str, token: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    user = {**document["users"][0]["user"], **users(token)[case]}
    document["users"][0]["user"] = {name: value for name, value in user.items() if value is not None}
    if way == "the client's":
        document["clusters"][0]["cluster"]["tls-server-name"] = "kubernetes.default"
    (file,) = laid_out(folder, [document])
    (file.parent / "pki/token").write_text(f"{token}\n")
    program(file.parent / "bin/login", PROGRAM % token)

    assert whoami_of_desk(monkeypatch, str(file)) == whoami_of_kubectl(str(file))


@pytest.mark.cluster
@pytest.mark.skipif(not KUBECONFIG, reason="needs DESK_TEST_KUBECONFIG")
@pytest.mark.parametrize(
    "order",
    [["jane", "none"], ["none", "jane"], ["jane", "admin"], ["admin", "jane"], ["empty", "jane", "missing"]],
)
def test_of_many_files_we_are_who_kubectl_is(
    order: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = yaml.safe_load(Path(KUBECONFIG).read_text())
    (user,) = admin["users"]
    jane = {**admin, "users": [{"name": user["name"], "user": {**user["user"], "as": "jane"}}]}
    for name, document in [("admin", admin), ("jane", jane), ("none", {"current-context": ""})]:
        written(folder / name, document)
    (folder / "empty").touch()
    listed = os.pathsep.join(str(folder / name) for name in order)

    assert whoami_of_desk(monkeypatch, listed) == whoami_of_kubectl(listed) is not None


@pytest.mark.cluster
@pytest.mark.skipif(not KUBECONFIG, reason="needs DESK_TEST_KUBECONFIG")
@pytest.mark.parametrize(
    ("given", "env"),
    [
        ({}, {"HTTPS_PROXY": "http://127.0.0.1:9"}),
        ({}, {"ALL_PROXY": "http://127.0.0.1:9"}),
        ({"proxy-url": "http://127.0.0.1:9"}, {}),
        ({"proxy-url": "http://127.0.0.1:9"}, {"NO_PROXY": "127.0.0.1"}),
        ({"tls-server-name": "kubernetes.default"}, {}),
        ({"tls-server-name": "other.example"}, {}),
        ({"insecure-skip-tls-verify": True, "certificate-authority-data": None}, {}),
        ({"certificate-authority-data": None}, {}),
    ],
)
def test_the_cluster_is_reached_as_kubectl_reaches_it(
    given: Json, env: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    cluster = {**document["clusters"][0]["cluster"], **given}
    document["clusters"][0]["cluster"] = {name: value for name, value in cluster.items() if value is not None}
    file = written(folder / "config", document)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert whoami_of_desk(monkeypatch, str(file)) == whoami_of_kubectl(str(file))
