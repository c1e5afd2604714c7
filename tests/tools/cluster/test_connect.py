"""Finding the cluster as kubectl does; what cannot be one is told with its path and what to do."""

import base64
import hashlib
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from urllib3.util.ssl_ import create_urllib3_context

from tools.cluster.connect import Where, connect
from tools.cluster.errors import ClusterSettingsError, Unreachable
from tools.json import Json

CA = b"""-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIUFwLM3+8NIA4MkxY2deyedvPlKL4wCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2EwIBcNMjYxMTI5MDExMDU1WhgPMjEyNjExMDUwMTEwNTVa
MA0xCzAJBgNVBAMMAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEU2gLC57Z
JCKxI5q/6M5q99+wk3JPCCWrzwcqtumRvZCrndn8U/385xw/Xy9UHvOlAzLA93LY
shr8KWQ+EPRWI6NTMFEwHQYDVR0OBBYEFEYyf6AtLTOb1zso7oqKabmD0hTtMB8G
A1UdIwQYMBaAFEYyf6AtLTOb1zso7oqKabmD0hTtMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSAAwRQIhAJ4OWLZ3sUMkDzRySi2AapbWP2XzY78NxYb0UDBP
cmiwAiBFhvqAb+KNH2YADgGAjY0f3Qul8wRTu44MYl4YoF7IoA==
-----END CERTIFICATE-----
"""
CA_DATA = base64.b64encode(CA).decode()
CA_DIGEST = "sha256:" + hashlib.sha256(CA.strip()).hexdigest()


def kubeconfig(cluster: Json | None = None, *, name: str = "one", user: Json | None = None, **changed: Any) -> Json:
    address = {"server": f"http://127.0.0.1:1/{name}", **(cluster or {})}
    context = {"cluster": name, "user": name, "namespace": f"{name}-ns"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": address}],
        "users": [{"name": name, "user": {"token": "a-token-of-its-own"} if user is None else user}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
        **changed,
    }


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a kubeconfig, whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


def written(path: Path, content: Json | str | bytes) -> Path:
    text = yaml.safe_dump(content) if isinstance(content, dict) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(where: Where) -> str:
    with pytest.raises(ClusterSettingsError) as caught:
        connect(where)
    return str(caught.value)


# --- found -----------------------------------------------------------------------------------------------


def test_a_named_file_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(home / ".kube" / "config", kubeconfig(name="home"))
    monkeypatch.setenv("KUBECONFIG", str(written(home / "env", kubeconfig(name="env"))))
    named = written(home / "named", kubeconfig(name="named"))
    assert connect(Where(str(named))).namespace == "named-ns"
    assert connect(Where()).namespace == "env-ns"
    monkeypatch.delenv("KUBECONFIG")
    assert connect(Where()).namespace == "home-ns"


def test_a_document_in_memory_needs_no_file() -> None:
    assert connect(Where(document=kubeconfig())).namespace == "one-ns"


def test_a_context_is_chosen_by_name(home: Path) -> None:
    two = kubeconfig(name="two")
    both = {key: value + two[key] if isinstance(value, list) else value for key, value in kubeconfig().items()}
    path = str(written(home / "both", both))
    assert connect(Where(path)).namespace == "one-ns"
    assert connect(Where(path, "two")).namespace == "two-ns"


def test_without_a_namespace_it_is_default(home: Path) -> None:
    bare = kubeconfig(contexts=[{"name": "one", "context": {"cluster": "one", "user": "one"}}])
    assert connect(Where(document=bare)).namespace == "default"


def test_the_files_of_a_list_are_merged_and_missing_ones_skipped(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = written(home / "1", kubeconfig()), written(home / "2", kubeconfig(name="two"))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(home / "nope"), str(one), "", str(two)]))
    assert connect(Where(context="two")).namespace == "two-ns"
    assert connect(Where(context="one")).namespace == "one-ns"


def test_a_home_in_the_list_is_expanded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(home / "kube.yaml", kubeconfig())
    monkeypatch.setenv("KUBECONFIG", "~/kube.yaml")
    assert connect(Where()).namespace == "one-ns"


def test_the_token_is_known_to_whoever_must_mask_it() -> None:
    assert connect(Where(document=kubeconfig())).bearer_token() == "a-token-of-its-own"
    assert connect(Where(document=kubeconfig(user={}))).bearer_token() is None


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
def test_in_a_pod_it_is_the_pod_s_own_account(home: Path, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name, text in [("token", "of-the-pod\n"), ("namespace", "its-own\n"), ("ca.crt", CA.decode())]:
        written(home / "account" / name, text)
    monkeypatch.setattr("tools.cluster.connect.SERVICE_ACCOUNT", home / "account")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    cluster = connect(Where())
    assert (cluster.namespace, cluster.fingerprint) == ("its-own", CA_DIGEST)
    assert cluster.bearer_token() == "of-the-pod"
    with pytest.raises(Unreachable, match="Connection refused"):
        cluster.version()


def test_in_a_pod_without_an_address_it_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(home / "account" / "token", "of-the-pod")
    monkeypatch.setattr("tools.cluster.connect.SERVICE_ACCOUNT", home / "account")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert "names no KUBERNETES_SERVICE_HOST" in refused(Where())


# --- which cluster it is ---------------------------------------------------------------------------------

HTTPS = "https://127.0.0.1:1"


@pytest.mark.parametrize(
    ("cluster", "fingerprint"),
    [
        ({"server": HTTPS, "certificate-authority-data": CA_DATA}, CA_DIGEST),
        ({"server": "https://10.0.0.1", "certificate-authority-data": CA_DATA}, CA_DIGEST),
        ({"server": HTTPS, "certificate-authority-data": base64.b64encode(CA.strip()).decode()}, CA_DIGEST),
        ({"server": HTTPS}, HTTPS),
        ({"server": HTTPS, "certificate-authority-data": CA_DATA, "insecure-skip-tls-verify": True}, HTTPS),
        ({"server": "http://127.0.0.1:1", "certificate-authority-data": CA_DATA}, "http://127.0.0.1:1"),
    ],
)
def test_a_cluster_is_known_by_the_ca_that_tls_checks(cluster: Json, fingerprint: str) -> None:
    assert connect(Where(document=kubeconfig(cluster))).fingerprint == fingerprint


def test_a_ca_in_a_file_is_the_same_cluster(home: Path) -> None:
    path = written(home / "ca.crt", CA)
    cluster = {"server": HTTPS, "certificate-authority": str(path)}
    assert connect(Where(document=kubeconfig(cluster))).fingerprint == CA_DIGEST


# --- not found -------------------------------------------------------------------------------------------


def test_a_named_file_that_is_missing_is_told(home: Path) -> None:
    missing = str(home / "missing")
    said = f"The kubeconfig {missing} does not exist. Name one that does: --kubeconfig FILE."
    assert refused(Where(missing)) == said


@pytest.mark.parametrize("listed", [None, "{home}/a", "{home}/a:{home}/b"])
def test_no_cluster_at_all_is_told(home: Path, monkeypatch: pytest.MonkeyPatch, listed: str | None) -> None:
    if listed is not None:
        monkeypatch.setenv("KUBECONFIG", listed.format(home=home).replace(":", os.pathsep))
    looked_at = os.environ.get("KUBECONFIG", f"{home}/.kube/config")
    assert refused(Where()) == (
        f"There is no cluster: no kubeconfig at {looked_at}. Name one with --kubeconfig FILE or KUBECONFIG, "
        "or try Desk without a cluster: --sandbox."
    )


NO_KUBECONFIG = "it is not a kubeconfig (kind: Config, with clusters, users and contexts)"
NEXT = "kubectl config get-contexts lists its contexts; choose one with --context NAME."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [1", "is not YAML: expected ',' or ']', but got '<stream end>' (line 1). Mend it, or name another"),
        ("a:\n\t- b", r"is not YAML: found character '\t' that cannot start any token (line 2). Mend it"),
        (b"\x00\x01\x02", "is not YAML: it cannot be parsed. Mend it, or name another with --kubeconfig FILE."),
        (b"\xff\xfe\x00\x80" * 100, f"cannot be used: {NO_KUBECONFIG}. {NEXT}"),
        ("- a\n- b", f"cannot be used: {NO_KUBECONFIG}. {NEXT}"),
        ("hello", f"cannot be used: {NO_KUBECONFIG}. {NEXT}"),
        ("42", f"cannot be used: {NO_KUBECONFIG}. {NEXT}"),
        ("", f"cannot be used: it has no current context. {NEXT}"),
        ({"apiVersion": "v1", "kind": "Pod"}, f"cannot be used: it has no current context. {NEXT}"),
        (kubeconfig(contexts="x"), "cannot be used: "),
        (kubeconfig(clusters=[]), 'its context "one" names the cluster "one", which is not there'),
        (kubeconfig(users=[]), 'its context "one" names the user "one", which is not there'),
        (kubeconfig(contexts=[{"name": "one", "context": {"user": "one"}}]), 'its context "one" has no cluster'),
        (kubeconfig(users=[{"name": "one", "user": {}}] * 2), 'it has the user "one" twice'),
        (kubeconfig({"server": HTTPS}, user={}), 'the user of its context "one" has no credentials'),
        (kubeconfig({"server": HTTPS}, user={"auth-provider": {"name": "gone"}}), "has no credentials"),
        (kubeconfig({"server": HTTPS, "proxy-url": "socks5://p"}), "through the SOCKS proxy socks5://p"),
        (kubeconfig({"server": HTTPS, "certificate-authority-data": CA_DATA[:-8]}), "that it gives is no such"),
        (kubeconfig({"server": HTTPS, "certificate-authority-data": "?"}), "-authority-data is not base64"),
        (kubeconfig(user={"as-groups": ["dev"]}), "has as-uid, as-groups or as-user-extra, and no as"),
        (kubeconfig(user={"as": "jane\nImpersonate-Group: x"}), "holds a line break"),
        (kubeconfig({"server": 5}), f"cannot be used: {NO_KUBECONFIG}. {NEXT}"),
        (
            kubeconfig({"server": HTTPS, "certificate-authority": "/nope/ca.crt"}),
            "its certificate-authority /nope/ca.crt cannot be read: No such file or directory",
        ),
        (
            kubeconfig({"server": HTTPS}, user={"client-certificate": "/nope.crt"}),
            "its client-certificate /nope.crt cannot be",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(home: Path, content: Json | str | bytes, said: str) -> None:
    path = written(home / "kube.yaml", content)
    message = refused(Where(str(path)))
    assert message.startswith(f"The kubeconfig {path} ")
    assert said in message
    assert "--kubeconfig FILE" in message or "--context NAME" in message


def test_a_folder_is_told(home: Path) -> None:
    said = f"The kubeconfig {home} cannot be read: Is a directory. Name a readable one with --kubeconfig FILE."
    assert refused(Where(str(home))) == said


def test_a_context_that_is_missing_is_told(home: Path) -> None:
    path = written(home / "kube.yaml", kubeconfig())
    assert (
        refused(Where(str(path), "nope"))
        == f'The kubeconfig {path} cannot be used: it has no context "nope". {NEXT}'
    )


def test_one_broken_file_of_a_list_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, broken = written(home / "good", kubeconfig()), written(home / "broken", "a: [1")
    monkeypatch.setenv("KUBECONFIG", f"{good}{os.pathsep}{broken}")
    assert f"{broken} is not YAML" in refused(Where())


def test_the_message_is_bounded_and_on_one_line(home: Path) -> None:
    named = kubeconfig() | {"current-context": "x" * 5000 + "\ny"}
    message = refused(Where(str(written(home / "kube.yaml", named))))
    assert len(message) < 600
    assert "\n" not in message


@pytest.mark.parametrize("server", ["", "http://127.0.0.1:1", "http://no such host/", "127.0.0.1:99999"])
@pytest.mark.filterwarnings("ignore:URLs without a scheme:FutureWarning")
def test_an_address_that_leads_nowhere_is_told_when_it_is_used(server: str) -> None:
    cluster = connect(Where(document=kubeconfig({"server": server})))
    with pytest.raises(Unreachable, match="ask for the version: no answer from the API server at"):
        cluster.version()


# --- plain, and not ----------------------------------------------------------------------------------------


def test_a_plain_kubeconfig_is_read_without_the_kubernetes_client(home: Path) -> None:
    path = written(home / "plain", kubeconfig())
    script = (
        f"import sys; from tools.cluster.connect import Where, connect; connect(Where({str(path)!r}));"
        "print('kubernetes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_token_in_a_file_is_read_anew_each_time(home: Path) -> None:
    written(home / "token", "first\n")
    path = written(home / "kube.yaml", kubeconfig(user={"tokenFile": "token"}))
    cluster = connect(Where(str(path)))
    assert cluster.bearer_token() == "first"
    written(home / "token", "second\n")
    assert cluster.bearer_token() == "second"
    (home / "token").unlink()
    with pytest.raises(ClusterSettingsError, match=f"The tokenFile {home}/token of the kubeconfig cannot be read"):
        cluster.version()


def test_a_token_in_a_file_that_is_missing_is_told_at_once() -> None:
    said = "The tokenFile /nope/token of the kubeconfig cannot be read: No such file or directory."
    assert refused(Where(document=kubeconfig(user={"tokenFile": "/nope/token"}))).startswith(said)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "http_proxy"])
def test_a_proxy_is_the_kubernetes_client_s_to_use(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert connect(Where(document=kubeconfig())).bearer_token() == "a-token-of-its-own"


# --- trusted ---------------------------------------------------------------------------------------------


@pytest.mark.cluster
@pytest.mark.skipif(not os.environ.get("DESK_TEST_KUBECONFIG"), reason="needs DESK_TEST_KUBECONFIG")
@pytest.mark.parametrize("read_by", ["us", "the client"])
def test_a_ca_without_a_key_usage_is_trusted_by_every_python(read_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.13 makes them: the test cluster's CA has none."""

    def strictly(make: Callable[..., ssl.SSLContext]) -> Callable[..., ssl.SSLContext]:
        def made(*args: Any, **given: Any) -> ssl.SSLContext:
            context = make(*args, **given)
            context.verify_flags |= ssl.VERIFY_X509_STRICT
            return context

        return made

    monkeypatch.setattr("ssl.create_default_context", strictly(ssl.create_default_context))
    monkeypatch.setattr("urllib3.connection.create_urllib3_context", strictly(create_urllib3_context))
    document = yaml.safe_load(Path(os.environ["DESK_TEST_KUBECONFIG"]).read_text())
    if read_by == "the client":  # a TLS name of its own is its to use
        document["clusters"][0]["cluster"]["tls-server-name"] = "localhost"
    assert connect(Where(document=document), timeout_s=10).version().startswith("v")
