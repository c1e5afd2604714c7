"""Source, configuration and manifests that say where a secret comes from hold none, and are not altered."""

import pytest

from agent.redaction import Redactor

KEPT = Redactor()

REFERRING = r"""
password = os.environ["DB_PASSWORD"]
password: str = os.environ["DB_PASSWORD"]
password = os.environ.get("DB_PASSWORD", "")
db_password = os.getenv("DB_PASSWORD", default="")
const password = process.env["DB_PASSWORD"] ?? "";
String password = props.getProperty("db.password");
password := os.Getenv("DB_PASSWORD")
password = config["db"]["password"]
auth_token = request.headers["Authorization"]
password = Path("/run/secrets/db").read_text().strip()
password = open("/run/secrets/db").read()
password = input("Password: ")
password = getpass.getpass("Password: ")
password = await vault.read("secret/data/db")
api_key = Header(alias="X-API-Key")
api_key: str = Field(default="")
token = create_access_token(data={"sub": user.username})
password = secrets.token_urlsafe(32)
password = random_password.db.result
password = data.aws_secretsmanager_secret_version.db.secret_string
spring.datasource.password: ${DB_PASSWORD:}
DB_PASSWORD="${DB_PASSWORD:?not set}"
password: ${{ secrets.DB_PASSWORD }}
password: {{ .Values.db.password | b64enc | quote }}
password: $DB_PASSWORD
password: <placeholder>
DATABASE_URL=postgresql://$(DB_USER):$(DB_PASSWORD)@db:5432/shop
DATABASE_URL=postgresql://${DB_USER}:${DB_PASSWORD}@db:5432/shop
DATABASE_URL: "postgresql://$DB_USER:$DB_PASSWORD@db/shop"
url = f"postgresql://{user}:{password}@{host}/db"
- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: password
kind: Secret\nmetadata:\n  name: db\nstringData:\n  password: ${DB_PASSWORD}
kind: ExternalSecret\nspec:\n  data:\n  - secretKey: password\n    remoteRef:\n      key: db
""".strip().split("\n")

HOLDING = r"""
password = os.environ.get("DB_PASSWORD", "@@")
db_password = os.getenv("DB_PASSWORD", default="@@")
password = hash_password("@@")
const password = process.env["DB_PASSWORD"] ?? "@@";
password: str = "@@"
api_key: str = Field(default="@@")
connect(user="shop", password="@@")
token = create_access_token(data={"password": "@@"})
spring.datasource.password: ${DB_PASSWORD:@@}
DB_PASSWORD="${DB_PASSWORD:-@@}"
DATABASE_URL=postgresql://$(DB_USER):@@@db:5432/shop
kind: Secret\nmetadata:\n  name: db\nstringData:\n  password: @@
kind: Secret\nmetadata:\n  name: db\ndata:\n  user: ${DB_USER}\n  password: @@
spec:\n  s3:\n    secretKey: @@
""".strip().split("\n")


@pytest.mark.parametrize("line", REFERRING)
def test_what_says_where_a_secret_is_stays_as_it_is(line: str) -> None:
    text = line.replace("\\n", "\n")
    assert KEPT.text(text) == text
    assert KEPT.text(f"    {text}\n") == f"    {text}\n" or "\n" in text


@pytest.mark.parametrize("line", HOLDING)
def test_a_secret_beside_it_is_found(line: str) -> None:
    secret = "hunter2-9Kd8Qq"
    assert secret not in KEPT.text(line.replace("\\n", "\n").replace("@@", secret))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_the_line_of_a_file_s_first_secret_is_told(encoding: str) -> None:
    text = 'user = "kim"\npassword = os.environ["DB_PASSWORD"]\n# für später\npassword = "hunter2-9Kd8Qq"\n'
    assert KEPT.line_of_secret(text.encode(encoding)) == 4
    assert KEPT.line_of_secret(text.replace("hunter2-9Kd8Qq", "").encode(encoding)) is None


def test_a_file_of_any_bytes_is_searched() -> None:
    assert KEPT.line_of_secret(bytes(range(256)) * 40) is None
    assert KEPT.line_of_secret(b"\x00\xff\ntoken: ghp_" + b"a1B2" * 9) == 2
    assert Redactor(["correct-horse-battery"]).line_of_secret(b"a\nb\ncorrect-horse-battery") == 3
