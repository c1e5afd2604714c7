"""create_pull_secret plans without the password; what is sent has it, and nothing else does."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from agent.redaction import Redactor
from agent.sandbox import Sandbox
from agent.understanding.login import login_of
from agent.understanding.ordered import says
from agent.understanding.understand import understand
from agent.understanding.wishes import Call
from agent.understanding.world import World
from tools.catalog import TOOLS
from tools.changes.credentials import PASSWORD_LIMIT_BYTES, filled, stood_in
from tools.changes.plan import Change, Plan
from tools.changes.strategic import contains, inverse
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import ToolContext
from tools.json import Json

CREATE = {tool.name: tool for tool in TOOLS}["create_pull_secret"]
ASKED: Json = {
    "namespace": "shop-dev", "pull_secret": "regcred", "registry": "registry.example.com:5000", "username": "bob",
}  # fmt: skip
WORD = "s3cr3t-Wörd"


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        cluster = connect(Where(document=sandbox.kubeconfig()))
        data = {"word": base64.b64encode(WORD.encode()).decode(), "none": "", "odd": "/w=="}
        login = {"metadata": {"name": "login", "namespace": "shop-dev"}, "type": "Opaque", "data": data}
        cluster.create(
            ObjectRef("v1", "Secret", "shop-dev", "login"), {"apiVersion": "v1", "kind": "Secret", **login}
        )
        yield cluster


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "login"
    made.write_text(f"{WORD}\n")
    return made


def planned(cluster: HttpCluster, **given: str) -> Change:
    plan = CREATE(ToolContext(cluster), {**ASKED, **given})
    assert isinstance(plan, Plan)
    (change,) = plan.changes
    return change


def entry(body: Json) -> tuple[str, Json]:
    """The one registry of a pull secret, and its entry."""
    ((registry, found),) = json.loads(base64.b64decode(body["data"][".dockerconfigjson"]))["auths"].items()
    return registry, found


def test_the_plan_knows_where_the_password_is_and_not_what_it_is(cluster: HttpCluster, file: Path) -> None:
    change = planned(cluster, file=str(file))
    assert change.verb == "create"
    assert "data" not in change.body
    assert WORD not in json.dumps(asdict(change), ensure_ascii=False)
    registry, found = entry(filled(change, cluster))
    assert registry == "registry.example.com:5000"
    assert found == {
        "username": "bob", "password": WORD, "auth": base64.b64encode(f"bob:{WORD}".encode()).decode(),
    }  # fmt: skip
    assert contains(filled(change, cluster), change.body)
    assert inverse(change.body, filled(change, cluster)) == change.body
    assert entry(stood_in(change))[1]["password"] != WORD


def test_nothing_of_the_plan_is_masked_in_the_journal(cluster: HttpCluster, file: Path) -> None:
    journaled = json.loads(json.dumps(asdict(planned(cluster, existing_secret="login", key="word"))))
    assert Redactor().redact(journaled) == journaled
    plan = CREATE(ToolContext(cluster), {**ASKED, "file": str(file)})
    assert isinstance(plan, Plan)
    assert Redactor().text(plan.summary) == plan.summary


@pytest.mark.parametrize("registry", ["docker.io", "index.docker.io"])
def test_docker_hub_has_a_key_of_its_own(cluster: HttpCluster, file: Path, registry: str) -> None:
    assert entry(filled(planned(cluster, file=str(file), registry=registry), cluster))[0] == (
        "https://index.docker.io/v1/"
    )


def test_from_an_existing_secret(cluster: HttpCluster) -> None:
    assert entry(filled(planned(cluster, existing_secret="login", key="word"), cluster))[1]["password"] == WORD
    with pytest.raises(ToolFailed, match="Secret login has no key wrod; it has: none, odd, word"):
        planned(cluster, existing_secret="login", key="wrod")
    with pytest.raises(NotFound):
        planned(cluster, existing_secret="nothing", key="word")
    for key, said in (("none", "is empty"), ("odd", "is not UTF-8")):
        with pytest.raises(ToolFailed, match=f"from key {key} of Secret login {said}"):
            filled(planned(cluster, existing_secret="login", key=key), cluster)


def test_from_standard_input(cluster: HttpCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{WORD}\r\n".encode())))
    change = planned(cluster)
    assert entry(filled(change, cluster))[1]["password"] == WORD
    with pytest.raises(ToolFailed, match="The password from standard input is empty"):
        filled(change, cluster)


def test_a_terminal_is_no_place_for_a_password(cluster: HttpCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    with pytest.raises(ToolFailed, match="terminal"):
        planned(cluster)


@pytest.mark.parametrize(
    ("content", "password"),
    [(b"a", "a"), (b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", "a\n"), (b" a b ", " a b "), (b"{\n}\n", "{\n}")],
)  # fmt: skip
def test_one_line_end_is_no_part_of_it(cluster: HttpCluster, file: Path, content: bytes, password: str) -> None:
    file.write_bytes(content)
    assert entry(filled(planned(cluster, file=str(file)), cluster))[1]["password"] == password


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\n", "is empty"),
        (b" \t\n", "is empty"),
        (b"\xff\xfea", "is not UTF-8 text"),
        (b"x" * (PASSWORD_LIMIT_BYTES + 1), "has more than 65536 bytes"),
    ],
)
def test_a_content_that_is_no_password(cluster: HttpCluster, file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    change = planned(cluster, file=str(file))
    with pytest.raises(ToolFailed, match=said) as told:
        filled(change, cluster)
    assert told.value.__cause__ is None


def test_a_file_that_cannot_be_read_is_said_before_anybody_is_asked(cluster: HttpCluster, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for path, said in (
        (tmp_path / "absent", "No such file"),
        (tmp_path, "it is a directory"),
        (tmp_path / "pipe", "it is no regular file"),
        (tmp_path / "empty", "is empty"),
        (tmp_path / "empty" / "below", "Not a directory"),
        ("~nobody-at-all/x", "Mend the arguments"),
        ("/a" * 2000, "File name too long|No such file"),
    ):
        with pytest.raises((ToolFailed, ArgumentsError), match=said):
            planned(cluster, file=str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(cluster: HttpCluster, file: Path) -> None:
    file.chmod(0)
    with pytest.raises(ToolFailed, match="permission denied"):
        planned(cluster, file=str(file))


def test_a_file_that_went_away_until_it_is_sent(cluster: HttpCluster, file: Path) -> None:
    change = planned(cluster, file=str(file))
    file.unlink()
    with pytest.raises(ToolFailed, match="cannot be read: No such file"):
        filled(change, cluster)


def test_a_secret_that_is_there_is_not_overwritten(cluster: HttpCluster, file: Path) -> None:
    with pytest.raises(ToolFailed, match=r"Secret login exists in shop-dev already \(type Opaque\)"):
        planned(cluster, pull_secret="login", file=str(file))


@pytest.mark.parametrize(
    "given",
    [
        {"username": 'bob"'}, {"username": "bob\n"}, {"username": "bob:x"}, {"username": "bo b"}, {"username": ""},
        {"registry": "registry.example.com\n"}, {"registry": 'reg"istry'}, {"registry": "https://registry"},
        {"registry": "Registry"}, {"registry": "registry:port"}, {"pull_secret": "reg\ncred"},
        {"file": "/tmp/a\nb"}, {"file": "/tmp/a'b"}, {"file": "relative"}, {"file": ""},
        {"existing_secret": "login"}, {"key": "word"},
        {"existing_secret": "login", "key": "word", "file": "/etc/hostname"}, {"password": "x"},
    ],
)  # fmt: skip
def test_arguments_that_are_refused(cluster: HttpCluster, given: Json) -> None:
    with pytest.raises(ArgumentsError):
        planned(cluster, **given)


FILE = {"file": "/run/login.txt"}


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("create a pull secret regcred for R in shop-dev with user bob, password from file /run/login.txt", FILE),
        (
            "create the pull secret regcred in shop-dev for R with user bob and password from file /run/login.txt.",
            FILE,
        ),
        (
            "please create pull secret regcred for R with user bob, the password from the file '/run/login.txt'",
            FILE,
        ),
        ("create pull secret regcred for R with user bob, password from standard input in shop-dev", {}),
        (
            "create a pull secret regcred for R with user bob and password from key pull_word of secret login",
            {"key": "pull_word", "existing_secret": "login"},
        ),
    ],
)
@pytest.mark.parametrize("registry", ["registry.example.com", "registry.example.com:5000/team", "127.0.0.1:15001"])
def test_how_it_is_asked_for(said: str, given: Json, registry: str) -> None:
    assert called(said.replace(" R ", f" {registry} ")) == {**ASKED, "registry": registry, **given}


def called(task: str) -> Json:
    """The arguments of the one call that a task asks for."""
    listed = {"Deployment": ("cart", "web"), "Secret": ("login",)}
    world = World("shop-dev", ("shop-dev",), {"shop-dev": listed})
    (wish,) = understand(task, world, {tool.name: tool.schema for tool in TOOLS}).wishes
    assert isinstance(wish, Call)
    return wish.arguments


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("fix cart in shop-dev with user bob, password from file /run/login.txt", FILE),
        ("cart cannot pull: fix it, please, with the user bob and the password from file /run/login.txt", FILE),
        (
            "fix cart with user bob, password from key word of secret login",
            {"key": "word", "existing_secret": "login"},
        ),
        ("fix cart with user bob, password from standard input", {}),
        ("fix cart with password from file /run/login.txt", None),
        ("fix cart with user bob password from file /run/login.txt", FILE),
        ("fix cart with user bob, password from file '/run/login.txt'.", FILE),
        ("fix cart with user bob, password from file /run/a,b%20c.txt, please", {"file": "/run/a,b%20c.txt"}),
        ("fix cart with user bob, password from file '/run/my login.txt'", None),
        ("fix cart with user bob, password from file /run/login!txt", None),
        ("fix cart, but do not log in with user bob, password from file /run/login.txt", None),
        ("fix a with user bob, password from file /run/a and b with user ann, password from file /run/b", None),
        ("fix cart with user bob", None),
        ("fix cart", None),
    ],
)
def test_a_task_may_say_what_is_not_known_yet(said: str, told: Json | None) -> None:
    login, _ = login_of(said)
    assert login.has_password is (told is not None)
    if told is not None:
        assert login.fields == {"username": "bob", **told}


def test_a_password_in_a_task_is_not_taken() -> None:
    for said in ("with user bob, password hunter2", "with user bob and the password: hunter2"):
        login, rest = login_of(f"create pull secret regcred for quay.io {said}")
        assert (login.is_inline, login.has_password) == (True, False)
        assert "hunter2" not in f"{login} {rest}"


def test_whose_login_it_is_names_nothing_that_runs() -> None:
    _, rest = login_of("fix web in shop-dev with user cart, password from file /run/login, and api too")
    assert rest.split() == ["fix", "web", "in", "shop-dev", ",", "and", "api", "too"]


@pytest.mark.parametrize("username", ["robot$ci+x", "_json_key", "$oauthtoken", "bob@example.com", "CORP\\bob"])
def test_how_users_are_named(username: str) -> None:
    task = f"create a pull secret regcred for registry with user {username}, password from file /run/x"
    arguments = called(task)
    assert arguments["username"] == username
    CREATE.check(arguments)


def test_an_image_can_be_said() -> None:
    assert called("set image of cart in shop-dev to desk/web:1.2")["image"] == "desk/web:1.2"


@pytest.mark.parametrize(
    ("task", "value", "wanted"),
    [
        ("password from file /run/login", "/run/login", True),
        ('password from "/run/login".', "/run/login", True),
        ("password from file /run/login.txt", "/run/login", False),
        ("password from file /run/login/x", "/run/login", False),
        ("password from file /tmp/run/login", "/run/login", False),
        ("password from file /run/login", "/run/log", False),
        ("password from key a of secret db-login", "login", False),
        ("password from key a of secret login", "login", True),
    ],
)
def test_what_a_task_says(task: str, value: str, wanted: bool) -> None:
    assert says(task, value) is wanted


def test_only_who_asks_chooses_where_the_password_is() -> None:
    assert CREATE.verbatim == ("file", "existing_secret")
