"""Secrets of every kind, made up anew from a seed, so that no file holds one; and the texts they are met in."""

import base64
import json
import random
import re
import string
import textwrap
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

_ALPHANUMERIC = string.ascii_letters + string.digits


class Planted(NamedTuple):
    """A text with secrets in it; none of `secrets` may be left."""

    kind: str
    text: str
    secrets: tuple[str, ...]


class Maker:
    """Makes random secrets and texts that hold them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def of(self, letters: str, count: int) -> str:
        """A random string; digits and letters are among it, as in everything that is generated."""
        return "".join(self._random.choice(letters) for _ in range(count - 2)) + letters[0] + letters[-1]

    def word(self, count: int = 24) -> str:
        return self.of(_ALPHANUMERIC, count)

    def lower(self, count: int) -> str:
        return self.of("a" + string.ascii_lowercase + string.digits, count)

    def upper(self, count: int) -> str:
        return self.of("A" + string.ascii_uppercase + string.digits, count)

    def hex(self, count: int) -> str:
        return self.of("abcdef0123456789", count)

    def encoded(self, count: int = 48) -> str:
        return base64.b64encode(self.word(count).encode()).decode()

    def password(self) -> str:
        """A password as people make them: a word, a sign, a number."""
        word = self._random.choice(("Sommer", "hunter", "dragon", "Winter", "kaffee", "Monday", "tr0ub4dor"))
        sign = self._random.choice(("-", "!", "_", "#", "%", "$", "+", ""))
        return f"{word}{sign}{self._random.randint(1000, 9999)}{self._random.choice(('', '!', 'x', 'Q'))}"

    def jwt(self) -> str:
        head = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"1"}').decode().rstrip("=")
        return f"{head}.{self.encoded(60).rstrip('=')}.{self.word(43)}"

    def pem(self, label: str) -> tuple[str, str]:
        lines = textwrap.wrap(self.encoded(180), 64)
        return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"]), lines[1]

    def planted(self) -> Iterator[Planted]:
        """All kinds, with new secrets at each call."""
        for each in (_tokens, _issued, _keys, _files, _connections, _settings, _commands, _sentences):
            yield from each(self)


def _one(kind: str, text: str, secret: str) -> Planted:
    return Planted(kind, text.replace("@@", secret), (secret,))


def _tokens(make: Maker) -> Iterator[Planted]:
    yield _one("AWS key id", "@@", "AKIA" + make.upper(16))
    yield _one("AWS session key id", "using @@ of the role", "ASIA" + make.upper(16))
    for prefix in ("ghp_", "gho_", "ghs_", "github_pat_"):
        yield _one("GitHub token", "@@", prefix + make.word(36))
    for prefix in ("glpat-", "gldt-", "glrt-"):
        yield _one("GitLab token", "@@", prefix + make.word(20))
    yield _one("Slack token", "@@", f"xoxb-{make.of('1234567890', 12)}-{make.word(24)}")
    yield _one(
        "Slack webhook", "https://hooks.slack.com/services/@@", f"T{make.upper(8)}/B{make.upper(8)}/{make.word(24)}"
    )
    for prefix in ("sk_live_", "rk_live_", "sk_test_", "whsec_"):
        yield _one("Stripe key", "@@", prefix + make.word(24))
    yield _one("npm token", "@@", "npm_" + make.word(36))
    yield _one("PyPI token", "@@", "pypi-AgEIcHlwaS5vcmc" + make.word(60))
    yield _one("Docker token", "@@", "dckr_pat_" + make.word(27))
    yield _one("JWT", "@@", make.jwt())
    yield _one("Vault token", "@@", "hvs." + make.word(90))
    yield _one("OpenShift token", "@@", "sha256~" + make.word(43))
    yield _one("Anthropic key", "@@", "sk-ant-api03-" + make.word(80))
    yield _one("OpenAI key", "@@", "sk-proj-" + make.word(48))
    yield _one("Google API key", "@@", "AIza" + make.word(35))
    yield _one("Google access token", "@@", "ya29." + make.word(60))
    yield _one("age key", "@@", "AGE-SECRET-KEY-1" + make.upper(58))
    yield _one("SendGrid key", "@@", f"SG.{make.word(22)}.{make.word(43)}")
    yield _one("Hugging Face token", "@@", "hf_" + make.word(34))
    yield _one("DigitalOcean token", "@@", "dop_v1_" + make.hex(64))
    yield _one("Databricks token", "@@", "dapi" + make.hex(32))
    yield _one("Grafana token", "@@", f"glsa_{make.word(32)}_{make.hex(8)}")
    yield _one("Azure client secret", "@@", f"{make.word(3)}8Q~{make.word(34)}")


def _issued(make: Maker) -> Iterator[Planted]:
    for whose, form, secret in (
        ("PagerDuty API key", "Authorization: Token token=@@", make.word(20)),
        ("PagerDuty routing key", '{"routing_key":"@@","event_action":"trigger"}', make.hex(32)),
        ("PagerDuty routing key", "PAGERDUTY_ROUTING_KEY=@@", "R" + make.upper(31)),
        ("PagerDuty integration key", "integrationKey: @@", make.hex(32)),
        ("PagerDuty in a log", "posting to PagerDuty with routing key @@ failed", make.hex(32)),
        ("Google OAuth client secret", "@@", "GOCSPX-" + make.word(28)),
        ("Google storage key id", "@@", "GOOG1E" + make.upper(55)),
        ("Alibaba Cloud key id", "@@", "LTAI" + make.word(20)),
        ("Azure DevOps token", "@@", f"{make.word(76)}AZDO{make.word(4)}"),
        ("Azure function key", "https://f.azurewebsites.net/api/x?code=@@", make.word(54) + "=="),
        ("Twilio key", "@@", "SK" + make.hex(32)),
        ("Mailgun key", "@@", "key-" + make.hex(32)),
        ("Mailchimp key", "@@", make.hex(32) + "-us12"),
        ("Dynatrace token", "@@", f"dt0c01.{make.upper(24)}.{make.upper(64)}"),
        ("Telegram bot token", "https://api.telegram.org/bot@@/sendMessage", "1234567890:AA" + make.word(33)),
        ("Discord webhook", "https://discord.com/api/webhooks/123456789012345678/@@", make.word(68)),
        ("Elastic key", "Authorization: ApiKey @@", make.encoded(40)),
        ("Okta token", "Authorization: SSWS @@", "00" + make.word(40)),
        ("Datadog key", "DD_API_KEY=@@", make.hex(32)),
        ("Sonar token", "@@", "squ_" + make.hex(40)),
        ("CircleCI token", "@@", f"CCIPAT_{make.word(22)}_{make.hex(40)}"),
        ("Bitbucket token", "@@", "ATBB" + make.word(32)),
        ("JFrog key", "@@", "AKCp" + make.word(69)),
        ("Notion token", "@@", "ntn_" + make.word(46)),
        ("Supabase token", "@@", "sbp_" + make.hex(40)),
        ("PlanetScale password", "@@", "pscale_pw_" + make.word(43)),
        ("Groq key", "@@", "gsk_" + make.word(52)),
        ("xAI key", "@@", "xai-" + make.word(80)),
        ("kubeadm token", "kubeadm join 10.0.0.1:6443 --token @@", f"{make.lower(6)}.{make.lower(16)}"),
        ("K3s token", "K3S_TOKEN=@@", f"K10{make.hex(64)}::server:{make.hex(32)}"),
        ("Erlang cookie", "RABBITMQ_ERLANG_COOKIE=@@", make.upper(20)),
        ("WireGuard key", "[Interface]\nPrivateKey = @@\nAddress = 10.0.0.1/24", make.encoded(32)),
        ("JSON Web Key", '{"kty":"RSA","n":"abc","e":"AQAB","d":"@@"}', make.word(80)),
        ("one-time password", "otpauth://totp/x?secret=@@&issuer=y", make.upper(32)),
    ):
        yield _one(whose, form, secret)


def _keys(make: Maker) -> Iterator[Planted]:
    for label in ("RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA ", ""):
        text, line = make.pem(f"{label}PRIVATE KEY")
        yield Planted(f"PEM: {label}private key", text, (line,))
    text, line = make.pem("PGP PRIVATE KEY BLOCK")
    yield Planted("PGP private key", text, (line,))
    text, line = make.pem("PRIVATE KEY")
    yield _one("PEM in base64", "tls.key: @@", base64.b64encode(text.encode()).decode())
    account = {
        "type": "service_account",
        "private_key_id": make.hex(40),
        "private_key": f"{text}\n",
        "client_email": "a@b.c",
    }
    yield Planted("GCP service account", json.dumps(account), (line,))


def _files(make: Maker) -> Iterator[Planted]:
    token, data, word, auth = make.word(40), make.encoded(), make.password(), make.encoded(18)
    kubeconfig = f"users:\n- name: dev\n  user:\n    client-key-data: {data}\n    token: {token}\n"
    yield Planted("kubeconfig", kubeconfig, (token, data))
    login = {"username": "desk", "password": word, "auth": auth}
    docker = json.dumps({"auths": {"registry.example.com": login}})
    yield Planted("dockerconfigjson", docker, (word, auth))
    yield _one("dockerconfigjson in base64", "regcred @@ was seen", base64.b64encode(docker.encode()).decode())
    yield _one(".npmrc", "//registry.npmjs.org/:_authToken=@@", make.word(36))
    yield _one(".netrc", "machine git.example.com login desk password @@", make.password())
    yield _one(".netrc, in lines", "machine git.example.com\n  login desk\n  password @@", make.password())
    yield _one(".pgpass", "db.shop.svc:5432:shop:app:@@", make.word(16))
    yield _one("htpasswd", "desk:$apr1$@@", f"{make.word(8)}$" + make.word(22))
    yield _one("htpasswd, bcrypt", "desk:$2y$10$@@", make.word(53))
    yield _one("shadow", "desk:$6$@@:19000:0:99999:7:::", f"{make.word(16)}$" + make.word(86))
    yield _one(
        "Secret", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  word: @@\n", make.encoded(16)
    )
    yield _one("Secret, as JSON", '{"kind":"Secret","stringData":{"word":"@@"}}', make.word())
    yield _one(
        "Secret, block", "kind: Secret\nstringData:\n  app.conf: |\n    mode=fast\n    word=@@\n", make.word()
    )
    yield _one("YAML block", "password: |\n  @@\n", make.word())
    yield _one(
        "Helm values", "postgresql:\n  auth:\n    username: app\n    postgresPassword: @@\n", make.password()
    )
    yield _one("TOML", '[database]\nuser = "app"\npassword = "@@"\n', make.password())
    yield _one("properties", "spring.datasource.username=app\nspring.datasource.password=@@\n", make.word())
    yield _one("XML", "<server><username>app</username><password>@@</password></server>", make.word())
    yield _one("terraform", 'master_password = "@@"', make.password())
    yield _one("Python", 'client = connect("db", password="@@")', make.password())
    yield _one("Python, a default", 'password = os.environ.get("DB_PASSWORD", "@@")', make.password())
    yield _one("shell, a default", "${DB_PASSWORD:-@@}", make.word())


def _connections(make: Maker) -> Iterator[Planted]:
    yield _one("Postgres", "postgres://app:@@@db.shop.svc:5432/app?sslmode=require", make.word())
    yield _one("MySQL", "mysql://app:@@@db:3306/app", make.word())
    yield _one("MySQL, Go", "app:@@@tcp(db:3306)/app?parseTime=true", make.word())
    yield _one("MongoDB", "mongodb+srv://app:@@@cluster0.example.net/app?retryWrites=true", make.word())
    yield _one("Redis", "redis://:@@@cache:6379/0", make.word())
    yield _one("AMQP", "amqps://guest:@@@mq:5671/%2f", make.word())
    yield _one("JDBC", "jdbc:postgresql://db:5432/app?user=app&password=@@&ssl=true", make.word())
    yield _one(
        "JDBC, SQL Server",
        "jdbc:sqlserver://db:1433;databaseName=app;user=sa;password=@@;encrypt=true",
        make.word(),
    )
    yield _one("SQL Server", "Server=tcp:db,1433;User ID=sa;Password=@@;Encrypt=True", make.word())
    yield _one("ODBC", "Driver={PostgreSQL};Server=db;Uid=app;Pwd=@@;", make.word())
    yield _one("libpq", "host=db port=5432 user=app password=@@ dbname=app", make.word())
    yield _one(
        "Azure storage",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@;EndpointSuffix=x",
        make.encoded(64),
    )
    yield _one("Azure bus", "Endpoint=sb://x.net/;SharedAccessKeyName=R;SharedAccessKey=@@", make.encoded(32))
    yield _one(
        "Azure SAS",
        "https://a.blob.core.windows.net/b?sv=2024-11-04&se=2027-01-01&sp=r&sig=@@",
        make.word(40) + "%3D",
    )
    yield _one(
        "S3 presigned", "https://b.s3.amazonaws.com/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature=@@", make.hex(64)
    )
    yield _one("git with a token", "https://@@@github.com/org/repo.git", make.word(40))
    yield _one("Kafka", 'org.apache.kafka.ScramLoginModule required username="a" password="@@";', make.word())
    yield _one("Sentry", "SENTRY_DSN=https://@@@o1.ingest.sentry.io/2", make.hex(32))
    yield _one("basic header", "Authorization: Basic @@", make.encoded(18))
    yield _one("bearer header", "Authorization: Bearer @@", make.word(40))
    yield _one("bearer", "sent Bearer @@ to the api", make.word(40))
    yield _one("API key header", "X-Api-Key: @@", make.word(32))
    yield _one("cookie", "Cookie: session=@@; theme=dark", make.word(32))
    yield _one("set cookie", "Set-Cookie: JSESSIONID=@@; Path=/; HttpOnly", make.upper(32))
    yield _one("session in a log", "request failed JSESSIONID=@@ status=500", make.upper(32))


def _settings(make: Maker) -> Iterator[Planted]:
    for name in ("DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "API_TOKEN", "SMTP_PASS", "STRIPE_API_KEY", "PGPASSWORD"):
        yield _one("environment", f"{name}=@@", make.word())
        yield _one("exported", f'export {name}="@@"', make.word())
    for name in ("password", "clientSecret", "apiKey", "access_token", "db-password", "passphrase", "bindpw", "pw"):
        yield _one("JSON field", f'{{"user": "app", "{name}": "@@", "port": 1}}', make.word())
        yield _one("YAML field", f"user: app\n{name}: @@\nport: 1", make.word())
        yield _one("log field", f"msg=connecting user=app {name}=@@ port=1", make.word())
    yield _one(
        "environment entry", "env:\n- name: DB_PASSWORD\n  value: @@\n- name: MODE\n  value: fast", make.word()
    )


def _commands(make: Maker) -> Iterator[Planted]:
    for command in (
        *("docker login -u desk -p @@ registry.example.com", "docker login --password=@@ registry.example.com"),
        *(
            "kubectl create secret docker-registry r --docker-username=desk --docker-password=@@",
            "helm install x --set db.password=@@",
        ),
        *(
            "kubectl create secret generic db --from-literal=user=app --from-literal=word=@@",
            "oc login -u ann -p @@",
        ),
        *("mysql -h db -u root -p@@ shop", "mongosh -u app -p @@ shop", "sshpass -p @@ ssh desk@host"),
        *(
            "curl -u desk:@@ https://api.example.com",
            "curl -H 'Authorization: Bearer @@' https://api",
            "app --password @@ --port 80",
        ),
        *(
            "PGPASSWORD=@@ psql -h db",
            "redis-cli -a @@ ping",
            "ldapsearch -x -w @@ -b dc=x",
            "sqlcmd -S db -U sa -P @@",
        ),
        *("aws configure set aws_secret_access_key @@", "ALTER USER app WITH PASSWORD '@@'", "app --api-key '@@'"),
    ):
        yield _one("command", command, make.word(16))


def _sentences(make: Maker) -> Iterator[Planted]:
    for sentence in (
        *(
            "create pull secret regcred for registry.example.com with user desk, password @@",
            "the password for the db is @@",
        ),
        *(
            "password: @@",
            "pw=@@",
            "passwd @@",
            "the pass phrase is @@",
            "pass phrase: @@",
            "token is @@",
            "the api key is @@",
        ),
        *(
            "login desk/@@ at registry",
            "user ann with @@ as password",
            "set the password to @@",
            "API key: @@",
            "my pw is @@",
        ),
        *(
            "das Passwort ist @@",
            "Kennwort: @@",
            "mit Passwort @@",
            "Benutzer desk und Passwort @@",
            "das Passwort lautet @@",
        ),
        *(
            'the password is "@@" now',
            "mit dem Kennwort „@@“",
            "use '@@' as the password",
            "log in as ann / @@",
            "hier: @@ ist das Passwort",
        ),
        *(
            "user desk password @@",
            "with user desk and the password @@, please",
            "credentials are desk:@@",
            "the client secret is @@",
        ),
        *(
            "change ann's password to @@ and restart it",
            "setze das Passwort auf @@",
            "der API-Schlüssel ist @@",
            "password (@@)",
        ),
    ):
        yield _one("sentence", sentence, make.password())


def _in_json(text: str) -> str:
    return json.dumps({"level": "info", "message": text, "port": 80}, ensure_ascii=False)


def _each_line(prefix: str) -> Callable[[str], str]:
    return lambda text: "\n".join(prefix + line for line in text.split("\n"))


CONTEXTS: dict[str, Callable[[str], str]] = {
    "alone": str,
    "log line": _each_line("2026-10-05T10:00:00.123Z INFO checkout: "),
    "YAML": lambda text: "data:\n  note: |\n" + textwrap.indent(text, "    ") + "\n  mode: fast",
    "JSON": _in_json,
    "JSON in JSON": lambda text: _in_json(_in_json(text)),
    "sentence": lambda text: f"Ann wrote this yesterday: {text}\nPlease look at it.",
    "diff, added": _each_line("+"),
    "diff, removed": lambda text: "@@ -1,3 +1,3 @@\n mode: fast\n" + _each_line("-")(text),
    "quoted": lambda text: f"> {text}",
}


def _folded(width: int) -> Callable[[str], str]:
    """As a terminal or `fold` breaks it, in the midst of a log line."""

    def fold(text: str) -> str:
        line = f"2026-10-05T10:00:00Z INFO upstream said: {text} and went on"
        return "\n".join(re.findall(f"(?s).{{1,{width}}}", line))

    return fold


def _in_lines(text: str) -> str:
    """Base64 with a break after 76 characters, as `base64` prints it."""
    encoded = base64.b64encode(f"the settings of the shop: {text}\nand no more of them".encode()).decode()
    return "blob: |\n" + textwrap.indent("\n".join(textwrap.wrap(encoded, 76)), "  ") + "\nmode: fast"


ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: f"payload {base64.b64encode(text.encode()).decode()} came",
    "base64, url-safe": lambda text: f"state={base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}&x=1",
    "base64, in lines": _in_lines,
    "base64 in base64": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "URL": lambda text: f'"GET /callback?next={quote(text, safe="")}&state=1 HTTP/1.1" 200',
    "URL in a URL": lambda text: f"GET /login?next={quote('/a?b=' + quote(text, safe=''), safe='')}",
    "base64 in a URL": lambda text: f"GET /a?s={quote(base64.b64encode(text.encode()).decode(), safe='')}&x=1",
    "stack trace": lambda text: (
        f'Traceback (most recent call last):\n  File "/app/db.py", line 3, in connect\n    raise Lost({text!r})\n'
        f"app.Lost: could not use {text}\n"
    ),
}
BREAKS: dict[str, Callable[[str], str]] = {
    "backslashes": lambda text: "\\\n".join(re.findall("(?s).{1,40}", text)),
    "folded at 64": _folded(64),
    "folded at 80": _folded(80),
}
"""For texts of one line."""


def readable(text: str) -> str:
    """A text with all that somebody can make of it: decoded, also twice, and without the breaks of its lines."""
    for _ in range(2):
        runs = [
            run.rstrip("=")
            for run in re.findall(r"(?a)[\w+/-]{12,}={0,2}", re.sub(r"\n\s*", "", text) + f" {text}")
        ]
        decoded = (base64.urlsafe_b64decode(run + "=" * (-len(run) % 4)) for run in map(_whole, runs))
        text = " ".join((text, unquote_plus(text), *(each.decode("latin-1") for each in decoded)))
    return text + re.sub(r"\\?\n", "", text)


def _whole(run: str) -> str:
    return run.replace("+", "-").replace("/", "_")[: len(run) - (len(run) % 4 == 1)]
