"""The one door to the API, against a server that answers everything an API server may answer, and worse."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tools.cluster import client, errors, transport
from tools.cluster.client import Access, HttpCluster, Identity
from tools.cluster.connect import Where, connect
from tools.cluster.resources import BUILTIN, ObjectRef, find, parse_resource_list
from tools.cluster.transport import Direct, Request
from tools.json import Json

CHECKOUT = ObjectRef("apps/v1", "Deployment", "shop", "checkout")
TIMEOUT_S, SHORT_TIMEOUT_S = 10.0, 0.2


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True)
class Answer:
    """What is sent back; `status` 0 closes the connection, -1 never answers."""

    status: int = 200
    body: Json | bytes = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Clock:
    """The client's: a pause is over at once, and counted."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.pauses)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(client, "time", made)
    return made


def failure(status: int, message: str = "", **headers: str) -> Answer:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status}
    return Answer(status, body, headers)


MODIFIED = Answer(409, {"kind": "Status", "reason": "Conflict", "message": "the object has been modified"})


class PlayedApi:
    """Answers from a list, the last one for ever; keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[Asked] = []
        self.answers = list(answers)
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                api.asked.append(Asked(self.command, self.path, headers, body))
                answer = api.answers.pop(0) if len(api.answers) > 1 else api.answers[0]
                if answer.status <= 0:
                    self.close_connection = True
                    if answer.status < 0:
                        api.over.wait(10)
                    return
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.raw))}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(answer.raw)

            do_GET = do_PATCH = do_POST = answer

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler

    @property
    def document(self) -> Json:
        context = {"name": "x", "context": {"cluster": "x", "user": "x"}}
        return {
            "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}],
            "users": [{"name": "x", "user": {"token": "a-token-of-its-own"}}],
            "contexts": [context],
            "current-context": "x",
        }

    @property
    def cluster(self) -> HttpCluster:
        hangs = any(answer.status < 0 for answer in self.answers)
        return connect(Where(document=self.document), timeout_s=SHORT_TIMEOUT_S if hangs else TIMEOUT_S)


@contextmanager
def playing(*answers: Answer) -> Iterator[PlayedApi]:
    api = PlayedApi(*answers)
    thread = threading.Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.over.set()
        api.server.shutdown()
        api.server.server_close()


def get(cluster: HttpCluster) -> object:
    return cluster.get("deploy", "checkout", "shop")


def patch(cluster: HttpCluster) -> object:
    return cluster.patch(CHECKOUT, {"spec": {"replicas": 2}})


def review(cluster: HttpCluster) -> object:
    return cluster.whoami()


Call = Callable[[HttpCluster], object]
CALLS = pytest.mark.parametrize("call", [get, patch, review])

# --- what the server may answer --------------------------------------------------------------------------


@CALLS
@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (failure(400, "bad patch"), errors.Invalid, "bad patch"),
        (failure(401, "Unauthorized"), errors.Unauthorized, "Unauthorized.* The credentials in the kubeconfig"),
        (failure(403, "bob cannot get"), errors.Forbidden, "bob cannot get.* Ask who administers the namespace"),
        (failure(404, '"checkout" not found'), errors.NotFound, '"checkout" not found'),
        (failure(409, "has been modified"), errors.Conflict, "has been modified"),
        (MODIFIED, errors.Modified, "has been modified"),
        (failure(410, "too old"), errors.Conflict, "too old"),
        (failure(418, "teapot"), errors.Invalid, "teapot"),
        (failure(422, "must be positive"), errors.Invalid, "must be positive"),
        (failure(500, "etcd is gone"), errors.ServerFailure, r"etcd is gone.* try again .*HTTP 500 from http"),
        (failure(504, "timeout"), errors.ServerFailure, "timeout"),
        (failure(500), errors.ServerFailure, "HTTP 500|Failure"),
        (Answer(502, b"<html>Bad Gateway</html>"), errors.ServerFailure, "<html>Bad Gateway</html>"),
        (Answer(500, b""), errors.ServerFailure, "HTTP 500"),
        (Answer(403, b"\xff\xfe no utf-8"), errors.Forbidden, "no utf-8"),
        (Answer(404, b"[]"), errors.NotFound, r"\[\]"),
        (
            Answer(200, b"<html>log in</html>"),
            errors.ServerFailure,
            "did not answer with JSON. Is it an API server",
        ),
        (Answer(200, b""), errors.ServerFailure, "did not answer with JSON"),
        (Answer(200, b"[1, 2]"), errors.ServerFailure, "did not answer with an object"),
        (Answer(200, b'"ok"'), errors.ServerFailure, "did not answer with an object"),
        (Answer(0), errors.Unreachable, "no answer from the API server at http://127.0.0.1:.*kubectl cluster-info"),
        (Answer(-1), errors.Unreachable, "no answer from the API server at .*[Rr]ead timed out"),
    ],
)
def test_every_answer_has_its_error(call: Call, answer: Answer, kind: type[errors.ClusterError], said: str) -> None:
    with playing(answer) as api, pytest.raises(errors.ClusterError, match=said) as caught:
        call(api.cluster)
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
@pytest.mark.parametrize("raw", [False, True])
def test_a_message_is_bounded_and_on_one_line(status: int, raw: bool) -> None:
    long = "line\n" * 20_000
    answer = Answer(status, long.encode()) if raw else failure(status, long)
    with playing(answer) as api, pytest.raises(errors.ClusterError) as caught:
        get(api.cluster)
    message = str(caught.value)
    assert message.startswith("get deployments/checkout: line line")
    assert len(message) < errors.MESSAGE_LIMIT_CHARS + 200
    assert "\n" not in message


def test_nobody_listens() -> None:
    with playing(Answer()) as api:
        cluster = api.cluster
    with pytest.raises(errors.Unreachable, match="Connection refused"):
        get(cluster)


# --- sent again, or not ----------------------------------------------------------------------------------

LIVE = Answer(200, {"kind": "Deployment", "metadata": {"name": "checkout"}})
SLOW_DOWN, UNAVAILABLE = failure(429, "slow down", Retry_After="0"), failure(503, "starting", Retry_After="0")


@pytest.mark.parametrize("first", [SLOW_DOWN, UNAVAILABLE, failure(503, "starting"), Answer(0)])
def test_a_read_is_sent_again(first: Answer) -> None:
    with playing(first, LIVE) as api:
        assert get(api.cluster) == LIVE.body
        assert len(api.asked) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "times"),
    [
        (SLOW_DOWN, errors.Throttled, 3),
        (failure(500), errors.ServerFailure, 3),
        (Answer(0), errors.Unreachable, 3),
        (failure(429, "come back in an hour", Retry_After="3600"), errors.Throttled, 1),
    ],
)
def test_a_read_is_not_sent_for_ever(answer: Answer, kind: type[errors.ClusterError], times: int) -> None:
    with playing(answer) as api:
        with pytest.raises(kind):
            get(api.cluster)
        assert len(api.asked) == times


HANGS = Answer(-1)


def test_an_api_server_that_hangs_is_given_up_in_little_more_than_the_timeout(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted: list[float] = []
    send = Direct.send

    def noted(self: Direct, request: Request) -> transport.Answer:
        granted.append(request.read_s)
        return send(self, request)

    monkeypatch.setattr(Direct, "send", noted)
    for call in (get, review, dry_run):
        granted.clear()
        clock.pauses.clear()
        with playing(HANGS) as api:
            cluster = connect(Where(document=api.document), timeout_s=1)
            with pytest.raises(errors.Unreachable, match="read timed out after 1 s"):
                call(cluster)
        assert granted[0] == 1
        assert sum(granted) + sum(clock.pauses) <= client.PATIENCE


def test_what_hangs_once_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRY_AFTER_S", (0.0, 0.0))
    with playing(HANGS, LIVE) as api:
        assert get(connect(Where(document=api.document), timeout_s=1)) == LIVE.body
        assert len(api.asked) == 2


def test_what_waits_for_less_than_the_timeout_says_so() -> None:
    with playing(HANGS) as api, pytest.raises(errors.Unreachable, match=r"read timed out after 0\.1 s"):
        connect(Where(document=api.document), timeout_s=20).version(timeout_s=0.1)


@pytest.mark.parametrize(("retry_after", "pause_s"), [("1", 1.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.3)])
def test_the_server_says_how_long_to_wait(clock: Clock, retry_after: str, pause_s: float) -> None:
    with playing(failure(429, "slow down", Retry_After=retry_after), LIVE) as api:
        get(api.cluster)
    assert clock.pauses == [pause_s]


def dry_run(cluster: HttpCluster) -> object:
    return cluster.patch(CHECKOUT, {"spec": {"replicas": 2}}, dry_run=True)


@pytest.mark.parametrize("call", [review, dry_run])
@pytest.mark.parametrize("first", [SLOW_DOWN, UNAVAILABLE, failure(500), Answer(0), MODIFIED])
def test_what_has_no_effect_is_sent_again(call: Call, first: Answer) -> None:
    with playing(first, LIVE) as api:
        call(api.cluster)
        assert len(api.asked) == 2


@pytest.mark.parametrize("call", [patch])
@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (SLOW_DOWN, errors.Throttled),
        (UNAVAILABLE, errors.ServerFailure),
        (failure(500), errors.ServerFailure),
        (failure(409), errors.Conflict),
        (Answer(0), errors.Unreachable),
        (Answer(-1), errors.Unreachable),
    ],
)
def test_what_may_have_happened_is_never_sent_twice(
    call: Call, first: Answer, kind: type[errors.ClusterError]
) -> None:
    with playing(first, LIVE) as api:
        with pytest.raises(kind):
            call(api.cluster)
        assert len(api.asked) == 1


# --- what is sent ----------------------------------------------------------------------------------------


def test_who_asks_and_how() -> None:
    with playing(LIVE) as api:
        assert get(api.cluster) == LIVE.body
    (asked,) = api.asked
    assert (asked.method, asked.target) == ("GET", "/apis/apps/v1/namespaces/shop/deployments/checkout")
    assert asked.headers["authorization"] == "Bearer a-token-of-its-own"
    assert asked.headers["user-agent"] == "desk-agent"
    assert "application/json" in asked.headers["accept"]


AS_JANE = {"token": "t", "as": "jane", "as-groups": ["dev", "qa"]}


def behind(proxy: PlayedApi, **cluster: str) -> HttpCluster:
    """A cluster of no address that could be asked directly; `cluster` are fields of its kubeconfig."""
    document = proxy.document
    document["clusters"][0]["cluster"] = {"server": "http://one.invalid", **cluster}
    document["users"][0]["user"] = AS_JANE
    return connect(Where(document=document), timeout_s=2)


def address(proxy: PlayedApi) -> str:
    return f"http://127.0.0.1:{proxy.server.server_port}"


@pytest.mark.parametrize("exempt", ["", "*"])
def test_a_proxy_of_the_kubeconfig_is_gone_through_always(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    monkeypatch.setenv("NO_PROXY", exempt)
    with playing(LIVE) as api:
        get(behind(api, **{"proxy-url": address(api)}))
    (asked,) = api.asked
    assert asked.target == "http://one.invalid/apis/apps/v1/namespaces/shop/deployments/checkout"
    assert asked.headers["impersonate-user"] == "jane"
    assert asked.headers["authorization"] == "Bearer t"


def test_a_proxy_of_the_environment_is_gone_through_but_for_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(LIVE) as api:
        monkeypatch.setenv("HTTP_PROXY", address(api))
        get(behind(api))
        assert len(api.asked) == 1
        monkeypatch.setenv("NO_PROXY", "one.invalid")
        with pytest.raises(errors.Unreachable):
            get(behind(api))
        assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("dry_run", "query"),
    [(False, {"fieldManager": "desk-agent"}), (True, {"fieldManager": "desk-agent", "dryRun": "All"})],
)
def test_a_patch_is_a_strategic_merge_by_the_field_manager(dry_run: bool, query: dict[str, str]) -> None:
    body = {"spec": {"paused": None, "note": "ünï \u2028"}}
    with playing(LIVE) as api:
        api.cluster.patch(CHECKOUT, body, dry_run=dry_run)
    (asked,) = api.asked
    assert (asked.method, asked.path) == ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/checkout")
    assert asked.query == query
    assert asked.headers["content-type"] == "application/strategic-merge-patch+json"
    assert json.loads(asked.body) == body


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "../../../secrets",
        'a"b',
        "a\nb",
        "a\r\nHost: evil",
        "a b",
        "a%2Fb",
        "a?x=y",
        "a#b",
        "ä",
        "..",
        ".",
        "a;b",
    ],
)
def test_a_name_never_leaves_its_place_in_the_path(name: str) -> None:
    with playing(LIVE) as api:
        api.cluster.get("secrets", name, name)
        api.cluster.logs(name, name)
        api.cluster.patch(ObjectRef("v1", "ConfigMap", name, name), {})
    found = [[unquote(part) for part in asked.target.partition("?")[0].split("/")] for asked in api.asked]
    assert found == [
        ["", "api", "v1", "namespaces", name, "secrets", name],
        ["", "api", "v1", "namespaces", name, "pods", name, "log"],
        ["", "api", "v1", "namespaces", name, "configmaps", name],
    ]
    assert {asked.headers["host"] for asked in api.asked} == {f"127.0.0.1:{api.server.server_port}"}


def test_a_selector_stays_in_its_parameter() -> None:
    selector = "app in (a,b),x!=y&limit=1#z"
    with playing(Answer(200, {"items": []})) as api:
        api.cluster.list("pods", "shop", label_selector=selector, field_selector="involvedObject.name=a b")
    query = {"labelSelector": selector, "fieldSelector": "involvedObject.name=a b", "limit": "500"}
    assert api.asked[0].query == query


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({}, {"tailLines": "100", "limitBytes": "256000"}),
        (
            {"container": "app", "previous": True, "tail_lines": 5, "limit_bytes": 11},
            {"container": "app", "previous": "true", "tailLines": "5", "limitBytes": "11"},
        ),
    ],
)
def test_logs_are_text_whatever_the_container_wrote(given: Json, query: dict[str, str]) -> None:
    with playing(Answer(200, b"fine\n\xff\xfe\x00end")) as api:
        assert api.cluster.logs("shop", "web", **given) == "fine\n\ufffd\ufffd\x00end"
    assert api.asked[0].query == query


# --- pages -----------------------------------------------------------------------------------------------


def page(*names: str, more: str = "") -> Answer:
    items = [{"metadata": {"name": name}} for name in names]
    return Answer(200, {"metadata": {"continue": more}, "items": items})


@pytest.mark.parametrize(
    ("limit", "names", "limits"),
    [
        (None, ["a", "b", "c", "d", "e"], ["500"] * 3),
        (5, ["a", "b", "c", "d", "e"], ["5"] * 3),
        (3, ["a", "b", "c"], ["3"] * 2),
        (2, ["a", "b"], ["2"]),
        (1, ["a"], ["1"]),
        (600, ["a", "b", "c", "d", "e"], ["500"] * 3),
    ],
)
def test_pages_are_followed_to_the_limit(limit: int | None, names: list[str], limits: list[str]) -> None:
    with playing(page("a", "b", more="t&1="), page("c", "d", more="t/2"), page("e")) as api:
        listed = api.cluster.list("pods", "shop", limit=limit)
    assert [item["metadata"]["name"] for item in listed] == names
    assert [asked.query["limit"] for asked in api.asked] == limits
    assert [asked.query.get("continue") for asked in api.asked] == [None, "t&1=", "t/2"][: len(limits)]


def test_items_say_what_they_are() -> None:
    with playing(page("a")) as api:
        (item,) = api.cluster.list("deploy", None)
    assert (item["apiVersion"], item["kind"]) == ("apps/v1", "Deployment")
    assert api.asked[0].path == "/apis/apps/v1/deployments"


def test_a_token_that_expired_is_a_conflict() -> None:
    gone = failure(410, "The provided continue parameter is too old")
    with (
        playing(page("a", more="t"), gone) as api,
        pytest.raises(errors.Conflict, match="list pods in shop: The pro"),
    ):
        api.cluster.list("pods", "shop")


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": [], "metadata": None}])
def test_an_empty_list_is_no_objects(body: Json) -> None:
    with playing(Answer(200, body)) as api:
        assert api.cluster.list("pods", "shop") == []


# --- who we are and what we may --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "identity"),
    [
        ({"userInfo": {"username": "bob", "groups": ["dev", "ops"]}}, Identity("bob", ("dev", "ops"))),
        ({"userInfo": {"username": "bob"}}, Identity("bob")),
        ({}, Identity("")),
        (None, Identity("")),
    ],
)
def test_who_the_server_says_we_are(status: Json | None, identity: Identity) -> None:
    with playing(Answer(201, {"status": status})) as api:
        assert api.cluster.whoami() == identity
    (asked,) = api.asked
    assert (asked.method, asked.path) == ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews")
    assert json.loads(asked.body)["kind"] == "SelfSubjectReview"


@pytest.mark.parametrize(
    ("status", "allowed"),
    [({"allowed": True}, True), ({"allowed": False, "reason": "no"}, False), ({}, False), (None, False)],
)
def test_what_we_may_is_no_unless_it_is_said(status: Json | None, allowed: bool) -> None:
    access = Access("patch", "apps", "deployments", "shop", "checkout")
    with playing(Answer(201, {"status": status})) as api:
        assert api.cluster.may(access) is allowed
    (asked,) = api.asked
    assert asked.path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    wanted = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "shop", "name": "checkout"}
    assert json.loads(asked.body)["spec"] == {"resourceAttributes": wanted}
    assert str(access) == "patch deployments/checkout in shop"


def test_what_we_may_in_a_namespace() -> None:
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    with playing(Answer(201, {"status": {"resourceRules": [rule]}})) as api:
        assert api.cluster.rules("shop") == [rule]
    assert json.loads(api.asked[0].body)["spec"] == {"namespace": "shop"}


def test_the_version() -> None:
    with playing(Answer(200, {"gitVersion": "v1.34.1"}), Answer(200, {})) as api:
        cluster = api.cluster
        assert (cluster.version(), cluster.version()) == ("v1.34.1", "unknown")


# --- kinds -----------------------------------------------------------------------------------------------

WIDGETS = {
    "groupVersion": "example.com/v2",
    "resources": [
        {"name": "widgets", "kind": "Widget", "namespaced": True, "shortNames": ["wd"]},
        {"name": "widgets/status", "kind": "Widget", "namespaced": True},
    ],
}
GROUPS = {
    "groups": [
        {"name": "broken.io", "preferredVersion": {"groupVersion": "broken.io/v1"}},
        {"name": "example.com", "preferredVersion": {"groupVersion": "example.com/v2"}},
    ]
}
CORE = {"groupVersion": "v1", "resources": [{"name": "bindings", "kind": "Binding", "namespaced": True}]}
DISCOVERY = (Answer(200, GROUPS), Answer(200, CORE), failure(404, "its server is down"), Answer(200, WIDGETS))


@pytest.mark.parametrize("word", ["widget", "Widgets", "wd"])
def test_a_kind_of_the_clusters_own_is_discovered_once(word: str) -> None:
    with playing(*DISCOVERY, LIVE) as api:
        cluster = api.cluster
        cluster.get(word, "x", "shop")
        cluster.patch(ObjectRef("example.com/v2", "Widget", "shop", "x"), {})
    paths = [asked.path for asked in api.asked]
    object_path = "/apis/example.com/v2/namespaces/shop/widgets/x"
    assert paths == ["/apis", "/api/v1", "/apis/broken.io/v1", "/apis/example.com/v2", object_path, object_path]


def test_a_kind_that_is_named_with_its_group_is_asked_of_that_group_alone() -> None:
    with playing(Answer(200, GROUPS), Answer(200, WIDGETS)) as api:
        cluster = api.cluster
        assert cluster.find("widgets.example.com").kind == "Widget"
        with pytest.raises(errors.NotFound, match=r'no kind "widgets.example.org"'):
            cluster.find("widgets.example.org")
    assert [asked.path for asked in api.asked] == ["/apis", "/apis/example.com/v2"]


def test_the_groups_that_are_served() -> None:
    with playing(Answer(200, GROUPS)) as api:
        assert api.cluster.groups() == {"broken.io": "broken.io/v1", "example.com": "example.com/v2"}


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda cluster: cluster.find("gadgets"), 'no kind "gadgets". List its kinds: kubectl api-resources'),
        (lambda cluster: cluster.patch(ObjectRef("x/v1", "Gadget", "a", "b"), {}), "does not serve Gadget of x/v1"),
    ],
)
def test_a_kind_that_is_not_served_is_told(ask: Call, said: str) -> None:
    with playing(*DISCOVERY) as api, pytest.raises(errors.NotFound, match=said):
        ask(api.cluster)


def test_a_cluster_that_forbids_discovery_says_so() -> None:
    with playing(failure(403, "no")) as api, pytest.raises(errors.Forbidden, match="list the API groups: no"):
        api.cluster.find("widgets")


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("po", "/api/v1/namespaces/n/pods"),
        ("Pod", "/api/v1/namespaces/n/pods"),
        ("sts", "/apis/apps/v1/namespaces/n/statefulsets"),
        ("ns", "/api/v1/namespaces"),
        ("nodes", "/api/v1/nodes"),
        ("podmetrics", "/apis/metrics.k8s.io/v1beta1/namespaces/n/pods"),
        ("pods.metrics.k8s.io", "/apis/metrics.k8s.io/v1beta1/namespaces/n/pods"),
        ("ingresses.networking.k8s.io", "/apis/networking.k8s.io/v1/namespaces/n/ingresses"),
    ],
)
def test_the_words_of_kubectl_lead_to_their_paths(word: str, path: str) -> None:
    kind = find(word)
    assert kind is not None
    assert kind.path("n") == path


def test_no_short_name_means_two_kinds() -> None:
    short = [name for resource in BUILTIN for name in resource.short]
    assert len(short) == len(set(short))


def test_a_list_of_kinds_leaves_subresources_out() -> None:
    (widget,) = parse_resource_list(WIDGETS)
    assert (widget.group, widget.plural, widget.namespaced, widget.short) == (
        "example.com",
        "widgets",
        True,
        ("wd",),
    )
