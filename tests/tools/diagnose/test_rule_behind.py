"""From the symptom to the object behind it: where a value comes from, where a host leads, what covers a path."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.tools.diagnose.diagnose_objects import ago, event, pod, snapshot, status, terminated
from tools.diagnose.diagnose import judge
from tools.diagnose.reading.decoding import shaped
from tools.diagnose.reading.snapshot import Answer, Question
from tools.json import Json

BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
HERE = ("shop-abc-1", "app")


def crashed(container: Json | None = None, *, message: str = "", **spec: Any) -> Json:
    state = {"waiting": {"reason": "RunContainerError", "message": message}} if message else BACK_OFF
    own = {"name": "app", "image": "shop:1", **(container or {})}
    return pod(status(state, terminated(1), restarts=2), spec={"containers": [own], **spec})


def found(log: str, *pods: Json, answers: dict[Question, Answer] | None = None, **kinds: Any) -> Json:
    taken = snapshot(*pods, logs={HERE: log} if log else {}, **kinds)
    [one] = judge(replace(taken, answers=answers or {}))["findings"]
    assert one["cause"] == "CrashLoopBackOff"
    result: Json = one
    return result


def service(name: str, *ports: int, **spec: Any) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"clusterIP": "10.96.0.7", "ports": [{"port": port} for port in ports], **spec},
    }


def env(name: str, value: str) -> Json:
    return {"name": name, "value": value}


LINKED = [service("tracker", 8001)]


@pytest.mark.parametrize(
    "line",
    [
        "ValueError: invalid literal for int() with base 10: 'tcp://10.96.0.7:8001'",
        'panic: strconv.Atoi: parsing "tcp://10.96.0.7:8001": invalid syntax',
        'java.lang.NumberFormatException: For input string: "tcp://10.96.0.7:8001"',
        "RangeError [ERR_SOCKET_BAD_PORT]: options.port should be >= 0 and < 65536. Received tcp://10.96.0.7:8001",
        "Error: TRACKER_PORT is not a number",
    ],
)
def test_link_to_a_service_is_taken_for_a_setting(line: str) -> None:
    one = found(line, crashed(), Service=LINKED)

    assert (one["object"]["kind"], one["object"]["name"]) == ("Deployment", "shop")
    assert "env TRACKER_PORT is tcp://10.96.0.7:8001" in one["summary"]
    assert "Service tracker" in one["summary"]
    assert '"enableServiceLinks": false' in one["remedies"][0]["command"]


@pytest.mark.parametrize(
    ("line", "container", "spec"),
    [
        ("dial tcp://10.96.0.7:8001: connection refused", {}, {}),
        ("ValueError: invalid literal: 'tcp://10.96.0.7:8001'", {}, {"enableServiceLinks": False}),
        ("ValueError: invalid literal: 'tcp://10.0.0.1:99'", {}, {}),
        ("ValueError: invalid literal: 'tcp://10.96.0.7:8001'", {"env": [env("TRACKER_PORT", "tcp://x:1")]}, {}),
    ],
)
def test_what_is_no_link_is_not_called_one(line: str, container: Json, spec: Json) -> None:
    assert "service links" not in found(line, crashed(container, **spec), Service=LINKED)["summary"]


TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
READER = Question("serviceaccounts", "shop-dev", "reader")


@pytest.mark.parametrize(
    "line",
    [
        f"panic: open {TOKEN}: no such file or directory",
        f"Error: ENOENT: no such file or directory, open '{TOKEN}'",
        "kubernetes.config.config_exception.ConfigException: Service token file does not exist.",
    ],
)
def test_account_gives_no_token(line: str) -> None:
    answers = {READER: Answer(({"metadata": {"name": "reader"}, "automountServiceAccountToken": False},))}
    one = found(line, crashed(serviceAccountName="reader"), answers=answers)

    assert (one["object"]["kind"], one["object"]["name"]) == ("ServiceAccount", "reader")
    assert "automountServiceAccountToken: false" in one["summary"]


def test_template_takes_no_token() -> None:
    line = f"panic: open {TOKEN}: no such file or directory"
    one = found(line, crashed(automountServiceAccountToken=False))

    assert one["object"]["kind"] == "Deployment"
    assert "automountServiceAccountToken is false in Deployment shop" in one["summary"]


def test_token_that_is_mounted_is_not_missed() -> None:
    mounts = [{"name": "kube-api-access-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]
    line = f"panic: open {TOKEN}: no such file or directory"

    assert "automount" not in found(line, crashed({"volumeMounts": mounts}))["summary"]


def mounted(at: str, **volume: Any) -> Json:
    return {"container": {"volumeMounts": [{"name": "v", "mountPath": at}]}, "volumes": [{"name": "v", **volume}]}


@pytest.mark.parametrize(
    ("log", "message", "at", "volume", "said"),
    [
        (
            "",
            'exec: "/bin/httpd": stat /bin/httpd: no such file or directory: unknown',
            "/bin",
            {"emptyDir": {}},
            "volume v (emptyDir) is mounted over /bin and hides what the image has there: /bin/httpd",
        ),
        (
            "",
            'exec: "gunicorn": executable file not found in $PATH: unknown',
            "/usr/local/bin",
            {"configMap": {"name": "scripts"}},
            "ConfigMap scripts is mounted over /usr/local/bin and hides",
        ),
        (
            "Error: Cannot find module '/app/server.js'",
            "",
            "/app",
            {"persistentVolumeClaim": {"claimName": "code"}},
            "PersistentVolumeClaim code is mounted over /app and hides what the image has there: /app/server.js",
        ),
    ],
)
def test_volume_hides_what_the_image_has(log: str, message: str, at: str, volume: Json, said: str) -> None:
    given = mounted(at, **volume)
    one = found(log, crashed(given["container"], message=message, volumes=given["volumes"]))

    assert said in one["summary"]


def test_volume_that_another_container_fills_hides_nothing() -> None:
    given = mounted("/app", emptyDir={})
    filler = {"name": "copy", "image": "code:1", "volumeMounts": [{"name": "v", "mountPath": "/out"}]}
    one = found(
        "Error: Cannot find module '/app/server.js'",
        crashed(given["container"], volumes=given["volumes"], initContainers=[filler]),
    )

    assert "hides" not in one["summary"]


def test_file_that_a_config_map_lacks_is_not_the_images() -> None:
    given = mounted("/etc/app", configMap={"name": "shop"})
    line = "open /etc/app/config.yaml: no such file or directory"

    assert "hides" not in found(line, crashed(given["container"], volumes=given["volumes"]))["summary"]


def test_secret_that_only_root_may_read() -> None:
    given = mounted("/etc/signing", secret={"secretName": "key", "defaultMode": 0o400})
    line = "fatal: open /etc/signing/key.pem: permission denied"
    user = {"securityContext": {"runAsUser": 10001}}
    one = found(line, crashed({**given["container"], **user}, volumes=given["volumes"]))

    assert "is of Secret key, mounted with mode 0400 and owned by root" in one["summary"]
    assert '"fsGroup": 10001' in one["remedies"][0]["command"]


def test_script_of_a_config_map_that_nobody_may_run() -> None:
    given = mounted("/scripts", configMap={"name": "scripts"})
    message = 'exec: "/scripts/run.sh": permission denied: unknown'
    one = found("", crashed(given["container"], message=message, volumes=given["volumes"]))

    assert "mounted with mode 0644: nobody may execute it" in one["summary"]
    assert '"defaultMode": 493' in one["remedies"][0]["command"]


def test_group_has_no_effect_on_a_host_path() -> None:
    given = mounted("/data", hostPath={"path": "/srv/data"})
    pods = crashed(
        {**given["container"], "securityContext": {"runAsUser": 1000}},
        volumes=given["volumes"],
        securityContext={"fsGroup": 1000},
    )
    one = found("mkdir: cannot create directory '/data/x': Permission denied", pods)

    assert "volume v (hostPath /srv/data) keeps the owner" in one["summary"]
    assert "fsGroup 1000 has no effect on a hostPath" in one["summary"]


STAGING = Question("namespaces", None, "staging")
NO_STAGING = {STAGING: Answer(())}


@pytest.mark.parametrize(
    "line",
    [
        "Error: getaddrinfo ENOTFOUND catalog.staging.svc.cluster.local",
        "dial tcp: lookup catalog.staging.svc.cluster.local on 10.96.0.10:53: no such host",
        "Caused by: java.net.UnknownHostException: catalog.staging.svc.cluster.local",
        'could not translate host name "catalog.staging.svc.cluster.local" to address: Name or service not known',
    ],
)
def test_host_of_a_namespace_that_is_not_there(line: str) -> None:
    container = {"env": [env("URL", "http://catalog.staging.svc.cluster.local:8080")]}
    one = found(line, crashed(container), answers=NO_STAGING, Service=[service("catalog", 8080)])

    assert one["object"]["name"] == "shop"
    assert "there is no namespace staging; Service catalog is in this namespace, shop-dev" in one["summary"]
    assert one["remedies"][0]["command"].endswith("-c app URL=http://catalog:8080")


def test_host_in_a_config_map_is_mended_there() -> None:
    host = "catalog.staging.svc"
    container = {"env": [{"name": "URL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "url"}}}]}
    settings = {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"url": f"http://{host}:8080"}}
    asked = Question("configmaps", "shop-dev", "settings", mentions=(host,))
    one = found(
        f"Error: getaddrinfo ENOTFOUND {host}",
        crashed(container),
        answers={**NO_STAGING, asked: Answer((shaped(settings, (host,)),))},
        Service=[service("catalog", 8080)],
    )

    assert (one["object"]["kind"], one["object"]["name"]) == ("ConfigMap", "settings")
    assert "env URL, from key url of ConfigMap settings" in one["summary"]


def test_host_of_the_outside_is_not_called_a_service() -> None:
    one = found("getaddrinfo ENOTFOUND api.example.com", crashed(), Service=[service("api", 80)])

    assert "namespace" not in one["summary"]


def test_alias_that_leads_nowhere() -> None:
    alias = service("db", type="ExternalName", externalName="pg.staging.svc.cluster.local")
    one = found("lookup db on 10.96.0.10:53: no such host", crashed(), answers=NO_STAGING, Service=[alias])

    assert (one["object"]["kind"], one["object"]["name"]) == ("Service", "db")
    assert "leads to pg.staging.svc.cluster.local: there is no namespace staging" in one["summary"]


def test_alias_to_an_address() -> None:
    alias = service("db", 5432, type="ExternalName", externalName="10.1.2.3")
    one = found(
        "AH00898: DNS lookup failure for: db returned by /: Name or service not known", crashed(), Service=[alias]
    )

    assert "10.1.2.3, an IP address, which DNS cannot give as a name" in one["summary"]
    assert '"addresses": ["10.1.2.3"]' in one["remedies"][0]["command"]


def test_pod_name_below_another_service_than_its_set_names() -> None:
    sets = [
        {
            "metadata": {"name": "vec"},
            "spec": {"serviceName": "vec", "replicas": 2, "selector": {"matchLabels": {"app": "vec"}}},
        }
    ]
    services = [service("vec", 80), service("vec-headless", 7000, clusterIP="None")]
    one = found(
        "lookup vec-1.vec-headless.shop-dev.svc.cluster.local on 10.96.0.10:53: no such host",
        crashed(),
        Service=services,
        StatefulSet=sets,
    )

    assert (one["object"]["kind"], one["object"]["name"]) == ("StatefulSet", "vec")
    assert "below its spec.serviceName, vec, which is not headless" in one["summary"]


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("aHVudGVyMi1vcmRlcnMK", "ends with a newline"),
        ("aHVudGVyMi1vcmRlcnMNCg==", "ends with a carriage return"),
        ("Imh1bnRlcjIi", "is in quotes that are part of it"),
        ("YUhWdWRHVnlNaTF2Y21SbGNuTT0=", "is base64 of base64"),
    ],
)
def test_value_of_a_secret_is_not_what_was_meant(value: str, shape: str) -> None:
    container = {"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]}
    secret = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": value}}
    answers = {Question("secrets", "shop-dev", "db"): Answer((shaped(secret),))}
    one = found('FATAL:  password authentication failed for user "shop"', crashed(container), answers=answers)

    assert (one["object"]["kind"], one["object"]["name"]) == ("Secret", "db")
    assert f"env PASSWORD, from key password of Secret db, and that value {shape}" in one["summary"]


@pytest.mark.parametrize(
    "value", ["aHVudGVyMg==", "LS0tLS1CRUdJTi0tLS0tCmEKLS0tLS1FTkQtLS0tLQo=", "cGFzc3dvcmQxMjM0"]
)
def test_ordinary_values_are_not_odd(value: str) -> None:
    assert not shaped({"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": value}})["shapes"]


def test_variable_that_is_set_after_the_one_that_holds_it() -> None:
    container = {"env": [env("URL", "postgres://$(DB_HOST):5432/shop"), env("DB_HOST", "db")]}
    one = found('parse "postgres://$(DB_HOST):5432/shop": invalid character "(" in host name', crashed(container))

    assert "env URL holds $(DB_HOST), which stays as it is written: env DB_HOST is set after it" in one["summary"]


def running(log: str, probe: Json, *, event_said: str = "", started_s_ago: float = 300, **container: Any) -> Json:
    """The finding on a container that runs and is not ready."""
    state = {"running": {"startedAt": ago(started_s_ago)}}
    app = {"name": "app", "image": "shop:1", "readinessProbe": probe, **container.pop("container", {})}
    events = [event("shop-abc-1", "Unhealthy", f"Readiness probe failed: {event_said}")]
    taken = snapshot(
        pod(status(state), spec={"containers": [app]}, status={"conditions": []}),
        logs={HERE: log} if log else {},
        Event=events,
        **container.pop("kinds", {}),
    )
    [one] = judge(replace(taken, answers=container.pop("answers", {})))["findings"]
    assert one["cause"] == "ReadinessProbeFailed"
    result: Json = one
    return result


GET = {"httpGet": {"port": 8080, "path": "/"}}
REFUSED = 'Get "http://10.244.0.9:8080/": dial tcp 10.244.0.9:8080: connect: connection refused'


@pytest.mark.parametrize(
    ("log", "container"),
    [
        ("  ➜  Local:   http://localhost:8080/\n  ➜  Network: use --host to expose", {}),
        ("<i> [webpack-dev-server] Loopback: http://localhost:8080/", {}),
        ("info: Microsoft.Hosting.Lifetime[14] Now listening on: http://localhost:8080", {}),
        ("Web Server is available at http://localhost:8080/ (bind address 127.0.0.1)", {}),
        ("INFO: Uvicorn running on http://127.0.0.1:8080 (Press CTRL+C to quit)", {}),
        ("", {"args": ["serve", "--host", "127.0.0.1"]}),
        ("", {"command": ["httpd", "-f", "-p", "127.0.0.1:8080"]}),
        ("", {"env": [{"name": "HOST", "value": "localhost"}]}),
    ],
)
def test_application_that_listens_on_itself_alone(log: str, container: Json) -> None:
    one = running(log, GET, event_said=REFUSED, container=container)

    assert "the application listens on 127.0.0.1 alone" in one["summary"]


@pytest.mark.parametrize(
    ("log", "container"),
    [
        ("- Local:   http://localhost:8080\n- Network: http://10.244.0.9:8080", {}),
        ("connecting to http://localhost:8080/ failed", {}),
        ("", {"command": ["sh", "-c", "wget http://127.0.0.1:8080/ && exec app"]}),
        ("", {"args": ["--db=localhost:5432"]}),
    ],
)
def test_what_does_not_say_so_is_not_called_so(log: str, container: Json) -> None:
    assert "127.0.0.1 alone" not in running(log, GET, event_said=REFUSED, container=container)["summary"]


@pytest.mark.parametrize(
    ("status_code", "log"),
    [
        (400, "Invalid HTTP_HOST header: '10.244.0.9:8080'. You may need to add '10.244.0.9' to ALLOWED_HOSTS."),
        (403, 'Blocked request. This host ("10.244.0.9") is not allowed.'),
        (403, "[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: 10.244.0.9:8080"),
        (421, "WARNING Invalid Host header: 10.244.0.9:8080"),
        (400, ""),
    ],
)
def test_host_header_that_the_application_refuses(status_code: int, log: str) -> None:
    allowed = {"env": [env("ALLOWED_HOSTS", "papers.example.com,localhost")]}
    said = f"HTTP probe failed with statuscode: {status_code}"
    one = running(log, GET, event_said=said, container=allowed)

    assert "refuses the probe's Host header" in one["summary"]
    assert '"httpHeaders": [{"name": "Host", "value": "papers.example.com"}]' in one["remedies"][0]["command"]


def test_path_that_is_missing_is_no_matter_of_hosts() -> None:
    said = "HTTP probe failed with statuscode: 404"

    assert "Host header" not in running("GET / 404", GET, event_said=said)["summary"]


READY_FILE = {"exec": {"command": ["test", "-e", "/tmp/ok"]}}
FROM_SECRET = {"envFrom": [{"secretRef": {"name": "auth"}}]}
AUTH = Question("secrets", "shop-dev", "auth")


def changed(seconds_ago: float, made_s_ago: float = 9000) -> Answer:
    managed = [{"time": ago(seconds_ago)}]
    metadata = {"name": "auth", "creationTimestamp": ago(made_s_ago), "managedFields": managed}
    return Answer((shaped({"kind": "Secret", "metadata": metadata, "data": {}}),))


def test_secret_that_was_changed_after_the_start() -> None:
    line = "ReplyError: WRONGPASS invalid username-password pair or user is disabled."
    one = running(line, READY_FILE, container=FROM_SECRET, answers={AUTH: changed(100)})

    assert "WRONGPASS" in one["summary"]
    assert "Secret auth was changed at" in one["summary"]
    assert one["remedies"][0]["command"] == "kubectl rollout restart deployment/shop -n shop-dev"


@pytest.mark.parametrize(
    ("line", "changed_s_ago"),
    [
        ("ReplyError: WRONGPASS invalid username-password pair or user is disabled.", 4000),
        ("OSError: [Errno 28] No space left on device", 100),
    ],
)
def test_secret_that_is_not_why(line: str, changed_s_ago: float) -> None:
    one = running(line, READY_FILE, container=FROM_SECRET, answers={AUTH: changed(changed_s_ago)})

    assert "was changed" not in one["summary"]
    assert line in one["summary"]


def pod_of(name: str, labels: Json, ip: str, **port: Any) -> Json:
    ready = [{"type": "Ready", "status": "True"}]
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"nodeName": "n", "containers": [{"name": "db", "ports": [port] if port else []}]},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "conditions": ready,
            "containerStatuses": [{"name": "db", "ready": True, "state": {"running": {}}}],
        },
    }


def policy(name: str, spec: Json) -> Json:
    return {"metadata": {"name": name}, "spec": spec}


DB = {**service("db", 5432, selector={"app": "db"}), "kind": "Service"}
OUT_TO = {"podSelector": {}, "policyTypes": ["Egress"]}
DNS = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"to": [{"ipBlock": {"cidr": "10.96.0.7/32"}}], "ports": [{"port": 5432}]}, "where the Service's"),
        (
            {"to": [{"podSelector": {"matchLabels": {"app": "dbb"}}}], "ports": [{"port": 5432}]},
            "pods with app=dbb",
        ),
        (
            {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": 3306}]},
            "to them it allows port 3306 only",
        ),
    ],
)
def test_egress_that_does_not_reach_the_pods_of_a_service(rule: Json, said: str) -> None:
    one = judge(
        snapshot(
            crashed(),
            pod_of("db-0", {"app": "db"}, "10.244.0.5"),
            logs={HERE: "dial tcp 10.96.0.7:5432: i/o timeout"},
            Service=[DB],
            NetworkPolicy=[policy("out", {**OUT_TO, "egress": [DNS, rule]})],
        )
    )["findings"][0]

    assert (one["object"]["kind"], one["object"]["name"]) == ("NetworkPolicy", "out")
    assert said in one["summary"]


def test_ingress_of_another_namespace_decides() -> None:
    db = {"metadata": {"name": "db", "namespace": "data"}, "spec": {**DB["spec"], "clusterIP": "10.96.0.9"}}
    inward = policy(
        "only-own", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}
    )
    answers = {
        Question("services", "data", "db"): Answer((db,)),
        Question("pods", "data"): Answer((pod_of("db-0", {"app": "db"}, "10.244.0.5"),)),
        Question("networkpolicies", "data"): Answer((inward,)),
    }
    taken = snapshot(crashed(), logs={HERE: "connect ETIMEDOUT db.data.svc.cluster.local:5432"})
    [one] = judge(replace(taken, answers=answers))["findings"]

    assert one["cause"] == "NetworkPolicyBlocksIngress"
    assert (one["object"]["namespace"], one["object"]["name"]) == ("data", "only-own")
    assert "of namespace data does not let Deployment shop in" in one["summary"]


def test_policies_that_let_it_through_are_not_blamed() -> None:
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": 5432}]}
    [one] = judge(
        snapshot(
            crashed(),
            pod_of("db-0", {"app": "db"}, "10.244.0.5"),
            logs={HERE: "dial tcp 10.96.0.7:5432: i/o timeout"},
            Service=[DB],
            NetworkPolicy=[policy("out", {**OUT_TO, "egress": [DNS, rule]})],
        )
    )["findings"]

    assert one["object"]["kind"] == "Deployment"


SETTINGS = {"metadata": {"name": "settings"}, "kind": "ConfigMap"}


def keyed(name: str, key: str) -> Json:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": "settings", "key": key}}}


def test_variable_is_missing_for_its_key_is_empty() -> None:
    answer = Answer((shaped({**SETTINGS, "data": {"log-level": ""}}),))
    question = Question("configmaps", "shop-dev", "settings")
    log = "sh: LOG_LEVEL: parameter not set or null"

    one = found(log, crashed({"env": [keyed("LOG_LEVEL", "log-level")]}), answers={question: answer})

    assert (one["object"]["kind"], one["object"]["name"]) == ("ConfigMap", "settings")
    assert "env LOG_LEVEL, from key log-level of ConfigMap settings, and that value is empty" in one["summary"]
    assert one["remedies"][0]["command"].startswith("kubectl edit configmap/settings -n shop-dev")


def test_port_that_the_service_has_not_is_traced_to_where_it_was_given() -> None:
    held = shaped({**SETTINGS, "data": {"db-port": "5433"}}, ("5433",))
    answers = {Question("configmaps", "shop-dev", "settings", mentions=("5433",)): Answer((held,))}
    log = "dial tcp db:5433: i/o timeout"

    one = found(
        log, crashed({"env": [keyed("DB_PORT", "db-port")]}), answers=answers, Service=[service("db", 5432)]
    )

    assert (one["object"]["kind"], one["object"]["name"]) == ("ConfigMap", "settings")
    assert "Service db has port 5432, not 5433; it is in env DB_PORT, from key db-port" in one["summary"]
    assert "sed" in one["remedies"][0]["command"]


@pytest.mark.parametrize("line", ["wget: bad address 'databse:5432'", "wget: bad address 'databse'"])
def test_host_that_leads_nowhere_is_traced_to_the_key_that_holds_it(line: str) -> None:
    held = shaped({**SETTINGS, "data": {"db-host": "databse"}}, ("databse",))
    answers = {Question("configmaps", "shop-dev", "settings", mentions=("databse",)): Answer((held,))}

    one = found(
        line, crashed({"env": [keyed("DB_HOST", "db-host")]}), answers=answers, Service=[service("db", 5432)]
    )

    assert (one["object"]["kind"], one["object"]["name"]) == ("ConfigMap", "settings")
    assert "from key db-host of ConfigMap settings" in one["summary"]
