"""Containers that cannot be created as they are configured."""

from __future__ import annotations

from typing import Any

import pytest

from agent.redaction import Redactor
from tests.tools.diagnose.diagnose_objects import ago, pod, snapshot, status, terminated
from tools.diagnose.facts.references import missing_in
from tools.diagnose.findings import Finding, Known
from tools.diagnose.rules.containers.configuration import create_container_config_error
from tools.json import Json


def waiting(message: str, reason: str = "CreateContainerConfigError", **container: Any) -> Json:
    spec = {"containers": [{"name": "app", "image": "shop:1", **container}]}
    return pod(status({"waiting": {"reason": reason, "message": message}}), phase="Pending", spec=spec)


def found(broken: Json, **kinds: Any) -> Finding:
    [finding] = create_container_config_error(snapshot(broken, **kinds), Known())
    return finding


def holder(name: str, *keys: str) -> Json:
    return {"metadata": {"name": name}, "data": dict.fromkeys(keys, "")}


def names_only(name: str) -> Json:
    return {"metadata": {"name": name}}


def test_a_reference_is_pointed_to_the_nearest() -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "app-confg", "key": "mode"}}}]
    finding = found(waiting('configmap "app-confg" not found', env=env), ConfigMap=[holder("app-config", "mode")])

    assert "ConfigMap app-confg does not exist; the nearest there is: app-config" in finding.summary
    first = finding.remedies[0]
    assert (first.tool, first.risk) == ("set_reference", "change")
    assert first.arguments == {
        "namespace": "shop-dev",
        "kind": "Deployment",
        "name": "shop",
        "container": "app",
        "source": "ConfigMap",
        "from_name": "app-confg",
        "to_name": "app-config",
    }
    assert '"configMapKeyRef": {"name": "app-config", "key": "mode"}' in first.command


def test_every_source_of_env_from_stays_in_the_patch() -> None:
    sources = [{"configMapRef": {"name": "app-confg"}, "prefix": "P_"}, {"secretRef": {"name": "db"}}]
    finding = found(waiting('configmap "app-confg" not found', envFrom=sources), ConfigMap=[holder("app-config")])

    command = finding.remedies[0].command
    assert '{"configMapRef": {"name": "app-config"}, "prefix": "P_"}, {"secretRef": {"name": "db"}}' in command


def test_a_key_of_a_secret() -> None:
    message = "couldn't find key pasword in Secret shop-dev/db"
    finding = found(waiting(message), Secret=[holder("db", "password", "user")])

    assert "Secret db has no key pasword; the nearest there is: password" in finding.summary
    assert finding.remedies[0].arguments["to_key"] == "password"


def test_keys_that_are_not_alike_are_listed() -> None:
    finding = found(waiting("couldn't find key x in ConfigMap shop-dev/app"), ConfigMap=[holder("app", "b", "a")])

    assert finding.summary.endswith("ConfigMap app has no key x; its keys are: a, b")


def test_a_secret_of_the_name_of_a_missing_configmap() -> None:
    broken = waiting('configmap "db" not found', envFrom=[{"configMapRef": {"name": "db"}}])
    finding = found(broken, ConfigMap=[], Secret=[names_only("db")])

    assert "ConfigMap db does not exist; there is a Secret of that name" in finding.summary
    assert '"envFrom": [{"secretRef": {"name": "db"}}]' in finding.remedies[0].command


def test_nothing_is_near_where_secrets_may_not_be_read() -> None:
    finding = found(waiting('secret "db" not found'))

    assert finding.summary.endswith("Secret db does not exist")
    assert finding.remedies[0].command == "kubectl create secret generic db -n shop-dev --from-file=KEY=/tmp/FILE"


@pytest.mark.parametrize(("kind", "made"), [("Secret", "secret generic"), ("ConfigMap", "configmap")])
def test_a_missing_key_is_added_and_the_others_stay(kind: str, made: str) -> None:
    finding = found(waiting(f"couldn't find key password in {kind} shop-dev/db"), **{kind: [holder("db", "user")]})

    assert finding.remedies[0].command == (
        f"kubectl create {made} db -n shop-dev --from-file=password=/tmp/FILE --dry-run=client -o yaml"
        f" | kubectl patch {kind.lower()} db -n shop-dev --type merge --patch-file /dev/stdin"
    )


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
@pytest.mark.parametrize("there", [[], ["db-pass"], ["db-password"]])
@pytest.mark.parametrize(
    "message", ['{} "db-passwrd" not found', "couldn't find key api_token in {} shop-dev/db-pass"]
)
def test_the_redactor_leaves_the_commands_as_they_are(kind: str, there: list[str], message: str) -> None:
    reference = "secretKeyRef" if kind == "Secret" else "configMapKeyRef"
    sources = [{"name": "db-passwrd", "key": "api_token"}, {"name": "db-pass", "key": "api_token"}]
    env = [{"name": f"DB_PASSWORD_{at}", "valueFrom": {reference: each}} for at, each in enumerate(sources)]
    broken = waiting(message.format(kind if "key" in message else kind.lower()), env=env)
    finding = found(broken, **{kind: [holder(name, "api_tokens", "password") for name in there]})

    for remedy in finding.remedies:
        assert Redactor(()).text(remedy.command) == remedy.command


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("container has runAsNonRoot and image will run as root (pod: x)", "its image shop:1 runs as root"),
        (
            "container has runAsNonRoot and image has non-numeric user (web), cannot verify (pod: x)",
            "names its user web by no number",
        ),
        ("missing value for HOME_OF", "names the variable HOME_OF"),
        ('failed to prepare subPath for volumeMount "data" of container "app"', "of its volume data"),
        ("failed to generate container spec: no command specified", "names no command"),
        ('container name "app_0" is reserved for "abc"', "still has a container of its name"),
        ("the moon is in the wrong house", "the moon is in the wrong house"),
        ("", "the kubelet does not say why"),
    ],
)
def test_what_cannot_be_made(message: str, said: str) -> None:
    assert said in found(waiting(message, "CreateContainerError")).summary


REFUSED = (
    "runc create failed: error during container init: error mounting "
    '"/v" to rootfs at "/etc/app.conf": mount /v:/etc/app.conf, flags: 0x5001: not a directory: unknown'
)


@pytest.mark.parametrize(
    "now",
    [
        status({"waiting": {"reason": "RunContainerError", "message": REFUSED}}),
        status({"waiting": {"reason": "CrashLoopBackOff"}}, terminated(128, "StartError", message=REFUSED)),
        status({"terminated": terminated(128, "StartError", message=REFUSED)}),
    ],
)
def test_a_volume_over_a_file_is_the_same_at_every_instant(now: Json) -> None:
    mounts = [{"name": "conf", "mountPath": "/etc/app.conf"}]
    spec = {
        "containers": [{"name": "app", "image": "shop:1", "volumeMounts": mounts}],
        "volumes": [{"name": "conf", "configMap": {"name": "app"}}],
    }

    finding = found(pod(now, spec=spec), ConfigMap=[holder("app", "app.conf")])

    assert "its volume conf is a directory, but /etc/app.conf is a file in its image" in finding.summary
    assert '"subPath": "app.conf"' in finding.remedies[0].command


@pytest.mark.parametrize(
    ("reason", "sub_path", "said"),
    [
        ("not a directory: unknown", None, "its volume conf is a directory, but /etc/passwd is a file"),
        (
            "not a directory: unknown",
            "x",
            "where its volume conf is mounted at /etc/passwd, and one must be as the",
        ),
        ("read-only file system: unknown", None, "conf cannot be mounted at /etc/passwd (read-only file system)"),
    ],
)
@pytest.mark.parametrize("mounted_at", ["/etc/passwd", "/etc/passwd/"])
def test_a_path_that_reads_like_a_secret_stays(
    reason: str, sub_path: str | None, said: str, mounted_at: str
) -> None:
    message = REFUSED.replace("/etc/app.conf", "/etc/passwd").replace("not a directory: unknown", reason)
    mount = {"name": "conf", "mountPath": mounted_at, **({"subPath": sub_path} if sub_path else {})}
    finding = found(waiting(message, "RunContainerError", volumeMounts=[mount]))

    assert said in finding.summary
    own = [finding.summary, *(each.text for each in finding.evidence if each.source == "spec")]
    own += [text for remedy in finding.remedies for text in (remedy.title, remedy.command)]
    assert [Redactor(()).text(text) for text in own] == own
    assert not [text for text in own if "None" in text]


def test_a_mount_that_the_container_does_not_name() -> None:
    finding = found(waiting(REFUSED, "RunContainerError"))

    assert "a volume is a directory, but /etc/app.conf is a file in its image" in finding.summary


def test_a_container_that_runs_by_now_is_no_finding() -> None:
    started = status(
        {"running": {"startedAt": ago(60)}}, terminated(128, "StartError", message=REFUSED), ready=True
    )

    assert create_container_config_error(snapshot(pod(started)), Known()) == []


def test_hostile_names_stay_on_one_line_and_quoted() -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a; rm -rf /", "key": "k"}}}]
    finding = found(waiting('configmap "a; rm -rf /\x1b[2J" not found', env=env), ConfigMap=[])

    assert "\x1b" not in finding.summary
    assert "'a; rm -rf /" in finding.remedies[0].command


def test_another_complaint_is_not_a_missing_object() -> None:
    assert missing_in("container has runAsNonRoot and image will run as root") is None


FROM_KEY = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "app-config", "key": "mode"}}}]}
FROM_ALL = {"envFrom": [{"secretRef": {"name": "db"}}]}


@pytest.mark.parametrize(
    ("container", "kinds", "said"),
    [
        (FROM_KEY, {"ConfigMap": []}, "ConfigMap app-config does not exist"),
        (
            FROM_KEY,
            {"ConfigMap": [holder("app-config", "mood")]},
            "ConfigMap app-config has no key mode; the nearest",
        ),
        (FROM_ALL, {"Secret": [names_only("dbs")]}, "Secret db does not exist; the nearest there is: dbs"),
    ],
)
def test_what_is_not_there_is_told_before_the_kubelet_tries(container: Json, kinds: Any, said: str) -> None:
    assert said in found(waiting("", "ContainerCreating", **container), **kinds).summary


@pytest.mark.parametrize(
    ("container", "kinds"),
    [
        (FROM_KEY, {}),
        (FROM_KEY, {"ConfigMap": [holder("app-config", "mode")]}),
        (FROM_ALL, {"Secret": [names_only("db")]}),
        ({"envFrom": [{"secretRef": {"name": "db", "optional": True}}]}, {"Secret": []}),
    ],
    ids=["not read", "there", "its name alone is known", "optional"],
)
def test_what_is_there_or_need_not_be_is_not_told(container: Json, kinds: Any) -> None:
    untried = snapshot(waiting("", "ContainerCreating", **container), **kinds)
    assert create_container_config_error(untried, Known()) == []
