"""Programs that give credentials: real ones, run as kubectl runs them, or failing as they do."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tools.cluster.errors import ClusterSettingsError
from tools.cluster.plugin import Plugin
from tools.json import Json

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
CLUSTER = {"server": "https://one.example"}
AS_JSON = {"apiVersion": V1, "kind": "ExecCredential"}


def plugin(script: str, cluster: Json = CLUSTER, **spec: Any) -> Plugin:
    """A program in Python; `spec` changes how the kubeconfig says it."""
    said = {"apiVersion": V1, "command": sys.executable, "args": ["-c", script], "interactiveMode": "Never", **spec}
    return Plugin(said, cluster)


def giving(**status: Any) -> str:
    return f"print({json.dumps({**AS_JSON, 'status': status})!r})"


def refused(broken: Plugin) -> str:
    with pytest.raises(ClusterSettingsError) as caught:
        broken.credential()
    return str(caught.value)


def test_it_gives_a_token() -> None:
    given = plugin(giving(token="t-1"))
    assert given.authorization() == "Bearer t-1"
    assert given.credential().certificate == b""


def test_it_gives_a_certificate_with_its_key() -> None:
    given = plugin(giving(clientCertificateData="CERT", clientKeyData="KEY"))
    assert given.authorization() is None
    assert given.credential().certificate == b"CERT\nKEY"


@pytest.mark.parametrize(("in_seconds", "runs"), [(None, 1), (3600, 1), (5, 3), (-5, 3)])
def test_it_is_run_anew_when_what_it_gave_is_over(tmp_path: Path, in_seconds: int | None, runs: int) -> None:
    until = datetime.now(UTC) + timedelta(seconds=in_seconds or 0)
    status = {"token": "t", **({"expirationTimestamp": until.isoformat()} if in_seconds else {})}
    given = plugin(f"open({str(tmp_path / 'runs')!r}, 'a').write('x'); {giving(**status)}")
    for _ in range(3):
        given.authorization()
    assert (tmp_path / "runs").read_text() == "x" * runs


def test_it_is_told_what_it_may_know(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("a CA")
    cluster = {
        **CLUSTER,
        "certificate-authority": str(tmp_path / "ca.crt"),
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}],
    }
    script = (
        "import json, os; info = os.environ['KUBERNETES_EXEC_INFO'];"
        f"print(json.dumps({{**{AS_JSON!r}, 'status': {{'token': info + os.environ['PROFILE']}}}}))"
    )
    env = [{"name": "PROFILE", "value": "dev"}]
    token = plugin(script, cluster, env=env, provideClusterInfo=True).credential().token
    assert token.endswith("dev")
    assert json.loads(token.removesuffix("dev")) == {
        **AS_JSON,
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://one.example",
                "certificate-authority-data": base64.b64encode(b"a CA").decode(),
                "config": {"audience": "x"},
            },
        },
    }
    assert "cluster" not in plugin(script, cluster, env=env).credential().token


NOT_CREDENTIALS = "did not answer with credentials (an ExecCredential with its status)"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (plugin("", command="no-such-login"), "no-such-login, which cannot be run (No such file or directory)."),
        (plugin("", command="/etc"), "/etc, which cannot be run (Permission denied)."),
        (plugin("import sys; sys.exit('log in\\nfirst.')"), "which failed with exit code 1: log in first."),
        (plugin("import sys; sys.exit(3)"), "which failed with exit code 3."),
        (plugin("print('hello')"), f"which {NOT_CREDENTIALS}."),
        (plugin("print('[]')"), f"which {NOT_CREDENTIALS}."),
        (plugin("print('{}')"), f"which {NOT_CREDENTIALS}."),
        (plugin(giving()), f"which {NOT_CREDENTIALS}."),
        (plugin(giving(clientCertificateData="CERT")), f"which {NOT_CREDENTIALS}."),
        (plugin(giving(token="t", expirationTimestamp="soon")), f"which {NOT_CREDENTIALS}."),
        (plugin(giving(token="t"), apiVersion=V1BETA1), f"which answered with apiVersion {V1}."),
        (plugin(giving(token="t"), apiVersion="v1"), f"which is of apiVersion v1; known are {V1}, {V1BETA1}."),
        (plugin(giving(token="t"), interactiveMode="Always"), "which wants to ask you something"),
    ],
)
def test_what_gives_no_credentials_is_told_with_how_to_get_them(broken: Plugin, said: str) -> None:
    broken._spec["installHint"] = "Get it\nwhere you got Desk."
    message = refused(broken)
    assert message.startswith("The kubeconfig takes its credentials from the program ")
    assert said in message
    assert message.endswith(" Get it where you got Desk.")


def test_without_a_hint_it_is_told_what_to_try() -> None:
    assert refused(plugin("", command="no-such-login")).endswith(
        "Log in again, or mend it; kubectl auth whoami tries it."
    )
