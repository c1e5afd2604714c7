"""What leaves the boundary and what stays: tables of secrets and of ordinary diagnostics."""

import copy
import json
import subprocess
import sys
import time
from typing import cast

import pytest

from agent.redaction import LAST_APPLIED, MARK, JsonValue, Redactor, is_secret_name

KEPT = Redactor()
PRIVATE_KEY = "\n".join(
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEA" * 4,
        "s3cr" * 16,
        "-----END RSA " + "PRIVATE KEY-----",
    ]
)
JWT = "eyJhbGciOiJSUzI1NiJ9." + "eyJzdWIiOiJzeXN0ZW0ifQ." + "c2lnbmF0dXJl_-x"
HIDDEN = "hunter2-s3cr3t"

SECRET_TEXTS = {
    # text: what must be gone; {0} is HIDDEN
    "environment dump": "PATH=/bin\nDB_PASSWORD={0}\nHOME=/root",
    "environment dump with blanks": "DB_PASSWORD={0} and {0}",
    "exported variable": 'export API_TOKEN="{0}"',
    "unquoted, odd characters": "10:02 connecting password=x,{0};y)z user=app",
    "log pair": "level=info msg=connected password={0}, user=app",
    "log pair in words": "2026-10-05 login with password: {0} accepted",
    "json pair": 'response {{"user":"app","api_key":"{0}","n":1}}',
    "escaped json pair": r'msg="{{\"api_key\":\"{0}\",\"n\":1}}"',
    "json number": '{{"password": 12345678, "user": "app"}} {0}'.replace(" {0}", ""),
    "yaml quoted": 'user: app\npassword: "a {0} b"\nport: 1',
    "yaml single quote": "password: 'it''s {0}'\nport: 1",
    "yaml plain with blanks": "  password: a {0} b\n  port: 1",
    "yaml block": "- password: |\n    {0}\n    {0}\n- other: 1",
    "environment entry, yaml": "env:\n- name: DB_PASSWORD\n  value: {0}\n- name: MODE\n  value: fast",
    "environment entry, json": '{{"name":"DB_PASSWORD","value":"{0}"}},{{"name":"MODE","value":"fast"}}',
    "environment entry, pretty json": '{{\n  "name": "DB_PASSWORD",\n  "value": "{0}"\n}}',
    "environment entry in a diff": "+        - name: DB_PASSWORD\n+          value: {0}\n",
    "flag": "app --db-password {0} --port 80",
    "flag with quotes": "app --token '{0}' --port 80",
    "flag with =": "app --from-literal=password={0} --port 80",
    "flag in a list": '["--api-token", "{0}", "--port"]',
    "flag in a YAML list": "args:\n- --api-token\n- {0}\n- --port",
    "XML": "<server><user>app</user><password>{0}</password></server>",
    "Go struct": "{{User:app Password:{0} Port:1}}",
    "query": "GET /login?user=app&token={0}&x=1",
    "url": "postgres://app:{0}@db.shop:5432/app?sslmode=require",
    "url, odd password": "postgres://app:p@{0}@db.shop:5432/app",
    "url without a user": "redis://:{0}@cache:6379/0",
    "amqp": "amqp://guest:{0}@mq:5672/%2f",
    "jdbc": "jdbc:sqlserver://db:1433;user=sa;password={0};encrypt=true",
    "oracle": "jdbc:oracle:thin:app/{0}@//db:1521/x",
    "ado": "Server=db;Uid=sa;Pwd={0};Timeout=3",
    "azure storage": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={0}+/==;EndpointSuffix=x",
    "azure bus": "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={0}=;EntityPath=q",
    "azure signature": "https://shop.blob.core.windows.net/a?sv=2024&sig={0}%3D&se=2026",
    "aws secret": "aws_secret_access_key = {0}",
    "aws, camel": '"SecretAccessKey": "{0}"',
    "bearer header": "curl -H 'Authorization: Bearer {0}' https://api",
    "basic header": '{{"Authorization":"Basic {0}=="}}',
    "bearer alone": "sending Bearer {0}-0123456789",
    "cookie": "Cookie: session={0}; theme=dark",
    "kubeconfig": "users:\n- name: dev\n  user:\n    client-key-data: {0}\n    client-certificate-data: {0}",
    "kubeconfig token": "    token: {0}\n    username: dev",
    "registry": '{{"auths":{{"ghcr.io":{{"auth":"aHVudGVyMi1zM2NyM3Q6{0}"}}}}}}'.replace("{0}", "aHVudGVy"),
    "manifest": "apiVersion: v1\nkind: Secret\ndata:\n  a: {0}\n  b.c: |\n    {0}\nmetadata:\n  name: db\n",
    "manifest, kind last": "data:\n  a: {0}\n\n  b: '{0}'\nkind: Secret\nmetadata:\n  name: db\n",
    "manifest in a list": "items:\n- data:\n    a: {0}\n  kind: Secret\n- kind: Secret\n  stringData: {{a: {0}}}\n",
    "manifest in a diff": " kind: Secret\n data:\n-  a: {0}\n+  a: {0}\n   b: {0}\n metadata:\n",
    "manifest, unicode line end": "kind: Secret\nstringData:\n  a: x\u2028{0}\n  b: {0}\n",
    "json manifest": '{{"kind":"Secret","data":{{"a":"{0}","b":"{{{0}"}},"metadata":{{"name":"db"}}}}',
    "json manifest, pretty": '{{\n "data": {{\n  "a": "{0}"\n }},\n "kind": "Secret"\n}}',
    "json manifest, escaped": r'x: "{{\"data\":{{\"a\":\"{0}\"}},\"kind\":\"Secret\"}}"',
    "json manifest, cut off": '{{"kind":"Secret","data":{{"a":"{0}',
}

SHAPED_TEXTS = [
    PRIVATE_KEY,
    PRIVATE_KEY.replace("\n", "\\n"),
    PRIVATE_KEY.replace("\n", "\n2026-10-05T10:00:00Z stdout F "),
    PRIVATE_KEY.rsplit("\n", 1)[0],
    PRIVATE_KEY.replace("\n", "\\n").split("-----END")[0],
    PRIVATE_KEY.replace("RSA ", "OPENSSH "),
    JWT,
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ASIA" + "IOSFODNN7EXAMPLE",
    *(f"gh{letter}_" + "a1B2" * 9 for letter in "pousr"),
    "github_pat_" + "11A_b" * 10,
    "glpat-" + "x1y2z3" * 4,
    "xoxb-" + "123456789012-abcdef",
    "https://hooks.slack.com/" + "services/T000/B000/XXXX",
    "sk_live_" + "a1b2" * 6,
    "sk-ant-" + "api03-a1b2c3d4e5f6g7h8",
    "sk-" + "a1B2" * 12,
    "AIza" + "a1B2c" * 7,
    "npm_" + "a1B2" * 9,
    "sha256~" + "a1B2" * 10 + "abc",
]

ORDINARY_TEXTS = [
    'secret "db-credentials" not found',
    r"Error: secret \"db-credentials\" not found",
    'MountVolume.SetUp failed for volume "db" : secret "db-credentials" not found',
    "couldn't find key password in Secret shop/db",
    'error: password authentication failed for user "app"',
    'FATAL:  password authentication failed for user "app"',
    'secrets "db" is forbidden: User "dev" cannot get resource "secrets" in API group "" in the namespace "shop"',
    "failed to fetch token: unauthorized",
    "invalid bearer token: expired at 10:00",
    'token: Get "https://10.0.0.1:443/api": dial tcp 10.0.0.1:443: connect: connection refused',
    "Error: unknown flag: --token-x",
    "the --token flag is required",
    "registry.example.com/shop/checkout@sha256:" + "9f" * 32,
    "docker-pullable://busybox:1.36@sha256:" + "9f" * 32,
    "docker-pullable://registry.example.com/shop/checkout-of-long-name@sha256:" + "9f" * 32,
    "image: quay.io/x/secret-app:v1.2",
    "quay.io/external/vault-secrets-operator:0.5.0",
    "dial tcp: lookup token-service:8080: no such host",
    "token-service-7d9f8b6c5d-x2x4z: started",
    "http://api.shop.svc:8080/users/a@example.com",
    "ssh://git@github.com:22/org/repo.git",
    "git@github.com:org/repo.git",
    "https://kubernetes.default.svc:443/api/v1/namespaces/shop/secrets/db",
    "pod/checkout-7d9f8b6c5d-x2x4z uid 6f0c4e0c-7d5a-4a54-8d5c-0b7a1b2c3d4e resourceVersion: 184467",
    "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "tokens: 1234",
    "input_tokens=1234 output_tokens=56 max_tokens: 4096",
    "memory limit 16Mi",
    'secrets: "50"',
    '"secrets": "50", "configmaps": "50"',
    "secrets  1  50",
    "imagePullSecrets:\n- name: regcred",
    "secretName: db-credentials\n  secretKeyRef:\n    name: db\n    key: password",
    "automountServiceAccountToken: false",
    "- serviceAccountToken:\n    expirationSeconds: 3607\n    path: token",
    "TokenExpirationSeconds:  3607",
    "mountPath: /var/run/secrets/kubernetes.io/serviceaccount",
    "DB_PASSWORD_FILE=/run/secrets/db",
    "kubectl create secret generic a --from-file=.dockerconfigjson=$HOME/.docker/config.json --dry-run=client",
    "password: ~/login.txt",
    "GOOGLE_APPLICATION_CREDENTIALS=/var/secrets/google/key.json",
    "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
    "password:  7 bytes",
    "PASSWORD=${DB_PASSWORD}",
    "password: {{ .Values.db.password }}",
    "Mountable secrets:   <none>",
    "type: kubernetes.io/service-account-token",
    "resources: [secrets]\nverbs: [get]",
    "session_key: agent:platform:developer-experience",
    "PWD=/app\nOLDPWD=/",
    "kind: ConfigMap\ndata:\n  mode: fast\n  config.json: '{\"a\": 1}'\n",
    "--- PASS: TestLogin (0.00s)",
    "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----",
    "task-queue-7f9c8d6b5-abcde disk-sk-something-long-7d9f8b6c5d",
    "Basic authentication is required; Bearer authentication is not",
    "next_token: abcdef continue",
    "Back-off restarting failed container=checkout pod=checkout-7d9f_shop(6f0c4e0c)",
]

SECRET_NAMES = [
    "example.com/auth-token",
    "token.yaml",
    *("PASSWORD", "db_passwd", "clientSecret", "API_KEY", "apiKey", "APIKEY", "aws_secret_access_key"),
    *("PRIVATE_KEY", "ssh-privatekey", "access-token", "refreshToken", "SENTRY_DSN", "CONNECTION_STRING"),
    *("SMTP_PASS", "GIT_CREDENTIALS", "Authorization", "client-key-data", ".dockerconfigjson", "SECRET_KEY_BASE"),
]
PUBLIC_NAMES = [
    "pod-logs/shop/auth-token-app.log",
    "manifests/shop/deployment-secret-store.yaml",
    *("secretName", "secretKeyRef", "secretRef", "imagePullSecrets", "serviceAccountToken", "passwordPolicy"),
    *("tokenExpirationSeconds", "automountServiceAccountToken", "secrets", "tokens", "next_token", "key"),
    *("TOKEN_FILE", "token_id", "secretStoreRef", "existingSecret", "uid", "image", "monkey", "tokenizer"),
]


def deployment() -> JsonValue:
    container: JsonValue = {
        "name": "checkout",
        "image": "registry.example.com/shop/checkout@sha256:" + "9f" * 32,
        "resources": {"limits": {"memory": "16Mi"}},
        "env": [
            {"name": "MODE", "value": "fast"},
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        ],
        "envFrom": [{"secretRef": {"name": "db-credentials"}}],
        "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/tokens"}],
        "livenessProbe": {"exec": {"command": ["cat", "/tmp/healthy"]}},
    }
    volumes: JsonValue = [
        {"name": "db", "secret": {"secretName": "db-credentials"}},
        {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "checkout", "uid": "6f0c4e0c-7d5a-4a54-8d5c-0b7a1b2c3d4e", "resourceVersion": "18"},
        "spec": {
            "template": {
                "spec": {
                    "automountServiceAccountToken": False,
                    "imagePullSecrets": [{"name": "regcred"}],
                    "containers": [container],
                    "volumes": volumes,
                }
            }
        },
    }


def secret(**members: JsonValue) -> dict[str, JsonValue]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, **members}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SECRET_TEXTS.items()])
def test_text_loses_its_secret(text: str) -> None:
    redacted = KEPT.text(text.format(HIDDEN))
    assert MARK in redacted
    assert not any(part in redacted for part in ("hunter2", "s3cr3t", "12345678", "aHVudGVy"))
    assert KEPT.text(redacted) == redacted


@pytest.mark.parametrize("text", SHAPED_TEXTS)
def test_a_secret_is_known_by_its_shape(text: str) -> None:
    redacted = KEPT.text(f'before "{text}" after')
    assert redacted.startswith('before "') and MARK in redacted
    assert not any(part in redacted for part in (text, "MIIE", "s3crs3cr", text[-8:] if len(text) < 120 else text))
    assert KEPT.text(redacted) == redacted


@pytest.mark.parametrize("text", ORDINARY_TEXTS)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert KEPT.text(text) == text
    assert KEPT.text(f"10:00:00 checkout {text}") == f"10:00:00 checkout {text}"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("postgres://app:x1@db.shop:5432/app", f"postgres://app:{MARK}@db.shop:5432/app"),
        ("Server=db;Pwd=x1;Timeout=3", f"Server=db;Pwd={MARK};Timeout=3"),
        ('{"password":"x","user":"app"}', f'{{"password":"{MARK}","user":"app"}}'),
        ("token: expired; now password=x1", f"token: expired; now password={MARK}"),
        ("token=x1 user=app", f"token={MARK} user=app"),
        ("a: 1\npassword: x\nb: 2", f"a: 1\npassword: {MARK}\nb: 2"),
        ("- name: A_TOKEN\n  value: x\n- name: B", f"- name: A_TOKEN\n  value: {MARK}\n- name: B"),
        (
            "kind: Secret\ndata:\n  a: eA==\nmetadata:\n  name: db",
            f"kind: Secret\ndata:\n  a: {MARK}\nmetadata:\n  name: db",
        ),
        ('{"kind":"Secret","data":{"a":"eA=="}}', f'{{"kind":"Secret","data":{{"a":"{MARK}"}}}}'),
        (f"key:\n{PRIVATE_KEY}\nnext: 1", f"key:\n{MARK}\nnext: 1"),
    ],
)
def test_only_the_value_is_masked(text: str, redacted: str) -> None:
    assert KEPT.text(text) == redacted


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert KEPT.redact({name: "a b"}) == {name: MARK}


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_names_that_only_speak_of_secrets(name: str) -> None:
    assert not is_secret_name(name)
    assert KEPT.redact({name: "db-credentials"}) == {name: "db-credentials"}


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        (secret(data={"a": "eA==", "b": "eQ=="}), secret(data={"a": MARK, "b": MARK})),
        (secret(stringData={"a": "x"}, type="Opaque"), secret(stringData={"a": MARK}, type="Opaque")),
        (secret(data={"gone": None}), secret(data={"gone": None})),
        (
            {"kind": "SecretList", "items": [{"data": {"a": "x"}}]},
            {"kind": "SecretList", "items": [{"data": {"a": MARK}}]},
        ),
        (
            {"kind": "List", "items": [secret(data={"a": "x"})]},
            {"kind": "List", "items": [secret(data={"a": MARK})]},
        ),
        ({"kind": "secret", "patch": {"data": {"a": "x"}}}, {"kind": "secret", "patch": {"data": {"a": MARK}}}),
        (
            {"kind": "Secret", "patch": [{"op": "add", "path": "/data/a", "value": "x"}]},
            {"kind": "Secret", "patch": [{"op": "add", "path": "/data/a", "value": MARK}]},
        ),
        (
            [{"op": "add", "path": "/data/password", "value": "x"}],
            [{"op": "add", "path": "/data/password", "value": MARK}],
        ),
        ({"name": "DB_PASSWORD", "value": "x"}, {"name": "DB_PASSWORD", "value": MARK}),
        ({"name": "DB_PASSWORD", "value": "$(OTHER)"}, {"name": "DB_PASSWORD", "value": "$(OTHER)"}),
        (
            {"name": "DATABASE_URL", "value": "pg://a:x1@db/s"},
            {"name": "DATABASE_URL", "value": f"pg://a:{MARK}@db/s"},
        ),
        ({"name": "MODE", "value": "fast"}, {"name": "MODE", "value": "fast"}),
        ({"password": 12345678, "tokens": 3, "token": True}, {"password": MARK, "tokens": 3, "token": True}),
        ({"passwords": ["x", "y"]}, {"passwords": [MARK, MARK]}),
        ({"args": ["--token", "abc", "--port", "80"]}, {"args": ["--token", MARK, "--port", "80"]}),
        ({"args": ["--token-file", "/x", "--password=y"]}, {"args": ["--token-file", "/x", f"--password={MARK}"]}),
        ({"auths": {"ghcr.io": {"auth": "aHVudGVyMjpodW50ZXIy"}}}, {"auths": {"ghcr.io": {"auth": MARK}}}),
        (
            {"user": {"client-key-data": "x", "exec": {"command": "aws", "env": [{"name": "A", "value": "x"}]}}},
            {"user": {"client-key-data": MARK, "exec": {"command": "aws", "env": [{"name": "A", "value": MARK}]}}},
        ),
        (
            {"auth-provider": {"name": "oidc", "config": {"id": "x"}}},
            {"auth-provider": {"name": "oidc", "config": {"id": MARK}}},
        ),
        ({f"Bearer {JWT}": 1}, {f"Bearer {MARK}": 1}),
        ({"log": "token=abc"}, {"log": f"token={MARK}"}),
    ],
)
def test_objects_are_masked_by_their_structure(value: JsonValue, redacted: JsonValue) -> None:
    before = copy.deepcopy(value)
    assert KEPT.redact(value) == redacted
    assert KEPT.redact(redacted) == redacted
    assert value == before


@pytest.mark.parametrize(
    "value",
    [
        deployment(),
        {"kind": "ConfigMap", "data": {"mode": "fast", "url": "http://api:8080/"}},
        {"kind": "Role", "rules": [{"resources": ["secrets", "configmaps"], "verbs": ["get"]}]},
        {"kind": "ResourceQuota", "spec": {"hard": {"secrets": "50", "count/secrets": "50"}}},
        {"usage": {"input_tokens": 12, "cache_read_input_tokens": 3, "max_tokens": "4096"}},
        {"object": {"kind": "Secret", "name": "db"}, "data": {"cause": "missing key", "key": "password"}},
        [None, True, 1, 1.5, "", [], {}],
    ],
)
def test_ordinary_objects_stay_as_they_are(value: JsonValue) -> None:
    assert KEPT.redact(value) == value


def test_the_last_applied_annotation_is_masked_inside() -> None:
    applied = json.dumps(secret(data={"a": "x"}))
    redacted = cast(dict[str, JsonValue], KEPT.redact({LAST_APPLIED: applied}))
    assert json.loads(str(redacted[LAST_APPLIED])) == secret(data={"a": MARK})
    assert KEPT.redact(redacted) == redacted
    assert KEPT.redact({LAST_APPLIED: applied[:-3]}) == {LAST_APPLIED: MARK}
    assert KEPT.redact({LAST_APPLIED: json.dumps(deployment())}) == {LAST_APPLIED: json.dumps(deployment())}


def test_known_values_are_masked_wherever_they_occur() -> None:
    redactor = Redactor(["correct-horse\n", "correct-horse-battery", "short", "redacted", ""])
    assert redactor.text("a correct-horse-battery b correct-horse c short") == f"a {MARK} b {MARK} c short"
    assert redactor.redact({"correct-horse": ["xcorrect-horsex"]}) == {MARK: [f"x{MARK}x"]}
    assert "horse" not in repr(redactor)


def test_a_tuple_is_masked_as_the_array_that_it_becomes() -> None:
    secret = {"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}
    told = Redactor().redact({"steps": ({"changes": (secret,)},), "password": ("hunter2hunter2",)})  # type: ignore[dict-item]
    assert "aHVudGVyMg" not in repr(told)
    assert "hunter2hunter2" not in repr(told)


def test_what_lies_too_deep_is_masked_whole() -> None:
    value: JsonValue = {"password": "x"}
    for _ in range(500):
        value = {"a": [value]}
    text = json.dumps(KEPT.redact(value))
    assert MARK in text and '"password"' not in text
    assert KEPT.redact({LAST_APPLIED: "[" * 100_000}) == {LAST_APPLIED: MARK}


def test_broken_unicode_passes() -> None:
    assert KEPT.redact({"a\ud800": "token=\udfff \ud800 İ"}) == {"a\ud800": f"token={MARK}"}
    assert KEPT.text("İİİ password=x1") == f"İİİ password={MARK}"


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "password", "password=", 'password="', "password: ", "token:x", "token ", "--token ", "--token\n"),
        *("name: token", "name: secretName value: x ", "name: TOKEN value: <set to the key ", "://a:", "://a:b@"),
        *(
            "eyJ",
            "eyJaaaaaaaa.",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----A b\n",
            "\\",
            "bearer ",
        ),
        *('"kind":"Secret""data":{"', "kind: Secret\ndata:\n  a: b\n", "kind: Secret\n---\n", "password: |\n\n"),
        *("password is ", "password is a ", "password to ", "pw ", "as password ", "password '", "passwords a1, "),
        *(
            "mysql '",
            "docker login ",
            "create secret --from-literal=",
            "login a/b1 ",
            'get("token", ',
            "a:5432:b:c:",
        ),
        *("kind: Secret\\n", "kind value\\n\n", "value" + "a" * 100, "\\\\\\n value ", "password: |\\n "),
        *("token=,", "ghp_", "github_pat_", "sk-ant-", "basic aaaaaaaaaaaaaaaaaaaa ", "authorization: ", "sig="),
    ],
)
def test_a_long_line_of_anything_takes_a_moment(unit: str) -> None:
    begin = time.process_time()
    KEPT.text("kind value\n" + unit * (100_000 // len(unit)))
    assert time.process_time() - begin < 8  # quadratic patterns take minutes


def test_importing_it_loads_only_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules); import agent.redaction;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'agent'}))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
