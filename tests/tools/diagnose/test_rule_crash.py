"""Crashes: what a log tells of, with what the namespace adds to it, and what needs no log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, event, pod, snapshot, status, terminated
from tools.diagnose.diagnose import judge
from tools.diagnose.logs.decisive import (
    around,
    decisive_line,
    served_port,
    serves_only_itself,
)
from tools.diagnose.logs.errors import recognised
from tools.json import Json

BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
HERE = ("shop-abc-1", "app")


def crashed(code: int = 1, *, container: Json | None = None, **spec: Any) -> Json:
    containers = [{"name": "app", "image": "shop:1", **(container or {})}]
    return pod(status(BACK_OFF, terminated(code), restarts=2), spec={"containers": containers, **spec})


def only(log: str, *pods: Json, **kinds: Any) -> Json:
    [found] = judge(snapshot(*(pods or (crashed(),)), logs={HERE: log}, **kinds))["findings"]
    assert found["cause"] == "CrashLoopBackOff"
    result: Json = found
    return result


def service(name: str, *ports: int, ip: str = "10.96.0.7") -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"clusterIP": ip, "ports": [{"port": port} for port in ports]},
    }


PYTHON = """starting
Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
    url = os.environ["DATABASE_URL"]
          ~~~~~~~~~~^^^^^^^^^^^^^^^^
KeyError: 'DATABASE_URL'
shutting down workers
"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: cannot start
\tat com.shop.Main.main(Main.java:12)
Caused by: java.net.UnknownHostException: orders-db
\tat java.net.Socket.connect(Socket.java:1)
\t... 4 more
"""
NODE = """node:events:491
      throw er; // Unhandled 'error' event
      ^

Error: connect ECONNREFUSED 10.96.0.7:5433
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {
  errno: -111,
  code: 'ECONNREFUSED'
}

Node.js v20.11.1
"""
GO = """2026/01/02 listening
panic: open /etc/app/config.yaml: no such file or directory

goroutine 1 [running]:
main.main()
\t/src/main.go:9 +0x1d
exit status 2
"""
DOTNET = """Unhandled exception. System.AggregateException: One or more errors occurred.
 ---> System.Net.Sockets.SocketException (111): Connection refused
   at System.Net.Sockets.Socket.Connect()
   --- End of inner exception stack trace ---
   at Program.Main()
"""
RUBY = """/app/pg.rb:58:in `initialize': could not connect to server: Connection refused (PG::ConnectionBad)
\tIs the server running on host "db" (10.96.0.7) and accepting
\tTCP/IP connections on port 5432?
\tfrom /app/main.rb:3:in `<main>'
"""
JSON_LINES = """{"level":"info","msg":"starting","error_count":0}
{"level":"error","msg":"connect to database","error":"dial tcp 10.96.0.7:5433: connect: connection refused"}
{"level":"info","msg":"shutting down, no errors left to report"}
"""
LOGFMT = """level=info msg=start
time=2026-01-02 level=error msg="open /etc/app.conf: no such file or directory"
level=info msg="error reporting stopped"
"""
NO_LEASE = "E0102 12:00:00.0 1 main.go:9] no lease"
SPRING = """2026-01-02 10:00:00.000 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed

org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'dataSource'
\tat org.springframework.A.b(A.java:1)
\t... 18 common frames omitted
Caused by: org.postgresql.util.PSQLException: Connection to db:5433 refused. Check that the port is correct
\tat org.postgresql.C.d(C.java:2)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\t... 24 common frames omitted
2026-01-02 10:00:01.000 INFO 1 --- [main] shutdown hook failed over
"""


CHAINED = """KeyError: 'a'

During handling of the above exception, another exception occurred:

"""
V8 = """<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
 1: 0xb090e0 node::Abort() [node]
 2: 0xa1b70e  [node]
"""
NODE_PLACE = """/app/server.js:3
    throw new Error
    ^
missing licence
/app/error.js:12
"""
POSTGRES = """Error: Database is uninitialized and superuser password is not specified.
       You must specify POSTGRES_PASSWORD to a non-empty value for the
       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".
"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (CHAINED, "KeyError: 'a'"),
        (V8, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"),
        (NODE_PLACE, "missing licence"),
        (PYTHON, "KeyError: 'DATABASE_URL'"),
        (JAVA, "Caused by: java.net.UnknownHostException: orders-db"),
        (NODE, "Error: connect ECONNREFUSED 10.96.0.7:5433"),
        (GO, "panic: open /etc/app/config.yaml: no such file or directory"),
        ("thread 'main' panicked at src/main.rs:4:5:\nno config\nnote: run with RUST_BACKTRACE=1\n", "no config"),
        ("connecting\nERROR no route\nbye\n", "ERROR no route"),
        ("one\ntwo\n", "two"),
        (DOTNET, "---> System.Net.Sockets.SocketException (111): Connection refused"),
        ("dial tcp db:5432: i/o timeout\nTerminated\n", "dial tcp db:5432: i/o timeout"),
        (JSON_LINES, "connect to database: dial tcp 10.96.0.7:5433: connect: connection refused"),
        (LOGFMT, "open /etc/app.conf: no such file or directory"),
        (
            '{"level":50,"msg":"boot","err":{"type":"Error","message":"no key"}}\n{"level":30,"msg":"bye"}',
            "boot: no key",
        ),
        (
            json.dumps({"severity": "ERROR", "message": "failed", "exc_info": PYTHON}),
            "KeyError: 'DATABASE_URL'",
        ),
        ("E0102 12:00:00.0 1 main.go:9] no lease\nI0102 12:00:01.0 1 main.go:10] failed over to none\n", NO_LEASE),
        ("2026-01-02 ERROR no route\n2026-01-02 INFO error reporting stopped\n", "2026-01-02 ERROR no route"),
        ("level=info msg=started\nsh: FOO: unbound variable\n", "sh: FOO: unbound variable"),
        ('{"not": "a log"}\n{broken}\n', "{broken}"),
        ("", ""),
    ],
)
def test_the_line_that_says_why(log: str, line: str) -> None:
    assert decisive_line(log) == line


@pytest.mark.parametrize(
    ("line", "kind", "subject"),
    [
        ("dial tcp 10.96.0.7:5433: connect: connection refused", "connection refused", "10.96.0.7:5433"),
        ("wget: can't connect to remote host (127.0.0.1): Connection refused", "connection refused", "127.0.0.1"),
        ("dial tcp: lookup db on 10.96.0.10:53: no such host", "unknown host", "db"),
        ("wget: bad address 'db.nowhere'", "unknown host", "db.nowhere"),
        ("Error: getaddrinfo ENOTFOUND redis", "unknown host", "redis"),
        ('could not translate host name "pg" to address: Name or service not known', "unknown host", "pg"),
        ("sh: can't create /data.txt: Read-only file system", "read-only file system", "/data.txt"),
        ("nc: bind: Address already in use", "address in use", ""),
        ("listen tcp :8080: bind: address already in use", "address in use", "8080"),
        ("Error: listen EADDRINUSE: address already in use :::3000", "address in use", "3000"),
        ("listen tcp :80: bind: permission denied", "low port", "80"),
        ("dd: error writing '/cache/x': No space left on device", "no space left", "/cache/x"),
        ("sh: DATABASE_URL: parameter not set or null", "missing variable", "DATABASE_URL"),
        ("KeyError: 'DATABASE_URL'", "missing variable", "DATABASE_URL"),
        ("environment variable API_TOKEN is not set", "missing variable", "API_TOKEN"),
        ("cat: can't open '/etc/app/c.yaml': No such file or directory", "missing file", "/etc/app/c.yaml"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'app.ini'", "missing file", "app.ini"),
        ("exec /x/serve: exec format error", "wrong architecture", "/x/serve"),
        ("ModuleNotFoundError: No module named 'flask'", "missing module", "flask"),
        ("touch: /etc/x: Permission denied", "permission denied", "/etc/x"),
        ('FATAL: password authentication failed for user "shop"', "login refused", "shop"),
        ("java.lang.OutOfMemoryError: Java heap space", "out of memory", ""),
        ("tls: failed to verify: x509: certificate signed by unknown authority", "untrusted certificate", ""),
        ("sh: serve: not found", "missing command", "serve"),
        ("Could not resolve placeholder 'DB_URL' in value \"${DB_URL}\"", "missing variable", "DB_URL"),
        ("You must specify POSTGRES_PASSWORD to a non-empty value", "missing variable", "POSTGRES_PASSWORD"),
        ("Error: API_TOKEN is not specified", "missing variable", "API_TOKEN"),
        ("java.net.SocketTimeoutException: Connect timed out", "timeout", ""),
        ("connect timed out: db:5432", "timeout", "db:5432"),
        ("Migrations are pending. (ActiveRecord::PendingMigrationError)", "pending migration", ""),
        ("PermissionError: [Errno 13] Permission denied: 'cache.db'", "permission denied", ""),
        ("Error: EACCES: permission denied, mkdir '/data/x'", "permission denied", "/data/x"),
        ("open cache.db: permission denied", "permission denied", ""),
        ("ERROR: permission denied for table orders", "permission lacking", ""),
        ("rpc error: code = PermissionDenied desc = permission denied", "permission lacking", ""),
        ("POST /api/v1/orders: permission denied", "permission lacking", ""),
        ("setgroups: Operation not permitted", "permission lacking", ""),
    ],
)
def test_kinds_of_error(line: str, kind: str, subject: str) -> None:
    error = recognised((line,))

    assert error is not None
    assert (error.kind, error.subject) == (kind, subject)


@pytest.mark.parametrize(
    "line", ["KeyError: 'price'", "no FilePermission", "all is well", "order 12 rejected", "boom"]
)
def test_what_is_no_known_kind(line: str) -> None:
    assert recognised((line,)) is None


def test_the_kind_may_be_said_a_line_further() -> None:
    error = recognised(around("ERROR cannot start\n  cause: dial tcp 10.0.0.1:80: connection refused\n"))

    assert error is not None
    assert error.kind == "connection refused"


@pytest.mark.parametrize(
    ("log", "port", "itself"),
    [
        ("Listening on http://0.0.0.0:8080", 8080, False),
        (" * Running on http://127.0.0.1:5000/ (Press CTRL+C to quit)", 5000, True),
        ("Tomcat started on port(s): 8081 (http) with context path ''", 8081, False),
        ("Server listening at port 3000", 3000, False),
        ("level=info msg=listening address=:9090", 9090, False),
        ("2026-01-02T12:00:00 starting up", None, False),
        ("connecting to db:5432: started, connection refused", None, False),
    ],
)
def test_where_the_log_says_it_serves(log: str, port: int | None, itself: bool) -> None:
    assert served_port(log) == port
    assert serves_only_itself(log) is itself


def test_a_port_that_the_service_has_not() -> None:
    found = only(NODE, Service=[service("db", 5432)])

    assert "(Service db has port 5432, not 5433)" in found["summary"]
    assert found["why"].startswith("The address was reached and nothing listens there")


def test_the_name_of_a_headless_service_without_pods() -> None:
    headless = {"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "selector": {"app": "db"}}}

    found = only("lookup db on 10.96.0.10:53: no such host", Service=[headless])
    assert found["summary"].endswith("(Service db is headless, and no pod behind it is ready)")


@pytest.mark.parametrize(
    ("services", "context"),
    [([service("db", 5432)], "Service db has port 5432, not 5433"), ([], "it calls db:5433")],
    ids=["of a Service", "unknown"],
)
def test_an_address_that_a_cause_further_up_names(services: list[Json], context: str) -> None:
    found = only(SPRING, Service=services)

    assert found["summary"].endswith(
        f'its log says "Caused by: java.net.ConnectException: Connection refused" ({context})'
    )


def test_an_address_that_the_next_line_names() -> None:
    found = only(RUBY, Service=[service("db", 5432)])

    assert found["summary"].endswith("(that is Service db of this namespace)")


def test_the_line_that_was_recognised_is_quoted() -> None:
    found = only(POSTGRES)

    assert 'its log says "You must specify POSTGRES_PASSWORD to a non-empty value for the" (' in found["summary"]
    assert found["evidence"][1]["text"].startswith("You must specify POSTGRES_PASSWORD")


def test_a_level_is_no_variable() -> None:
    assert only("FATAL: DB_URL is not set")["summary"].endswith("(its env does not set DB_URL)")


def test_a_time_is_no_address() -> None:
    error = recognised(("2026-01-02 10:00:00 connection refused",))

    assert error is not None
    assert error.subject == ""


def test_the_nearest_service() -> None:
    found = only("lookup databse on 10.96.0.10:53: no such host", Service=[service("database", 5432)])

    assert "(no Service of this namespace is called databse; the nearest there is: database)" in found["summary"]


@pytest.mark.parametrize(
    ("spec", "said", "wanted"),
    [
        ({"dnsPolicy": "Default"}, "dnsPolicy Default", "ClusterFirst"),
        ({"hostNetwork": True}, "hostNetwork with dnsPolicy ClusterFirst", "ClusterFirstWithHostNet"),
        ({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}, "", ""),
        ({}, "", ""),
    ],
)
def test_a_pod_that_does_not_ask_the_clusters_dns(spec: Json, said: str, wanted: str) -> None:
    found = only("wget: bad address 'db:5432'", crashed(**spec), Service=[service("db", 5432)])

    context = f" (Service db is there, and the pod does not ask the cluster's DNS: {said})"
    assert found["summary"].endswith(context if said else "'db:5432'\"")
    patch = json.dumps({"spec": {"template": {"spec": {"dnsPolicy": wanted}}}})
    assert found["remedies"][0]["command"].endswith(f" -p '{patch}'") == bool(said)


def test_the_nearest_variable() -> None:
    this = crashed(container={"env": [{"name": "DATABSE_URL", "value": "x"}]})

    assert "(its env sets DATABSE_URL, not DATABASE_URL)" in only(PYTHON, this)["summary"]


def test_where_variables_come_from_a_configmap_none_is_called_missing() -> None:
    this = crashed(container={"envFrom": [{"configMapRef": {"name": "settings"}}]})

    assert only(PYTHON, this)["summary"].endswith("its log says \"KeyError: 'DATABASE_URL'\"")


def test_the_volume_that_lacks_the_file() -> None:
    this = crashed(
        2,
        container={"volumeMounts": [{"name": "c", "mountPath": "/etc/app"}]},
        volumes=[{"name": "c", "configMap": {"name": "app-config"}}],
    )

    assert "(ConfigMap app-config is mounted at /etc/app, and has no such file)" in only(GO, this)["summary"]


def test_a_script_whose_interpreter_is_not_there() -> None:
    this = crashed(
        255,
        container={"volumeMounts": [{"name": "s", "mountPath": "/scripts"}]},
        volumes=[{"name": "s", "configMap": {"name": "scripts"}}],
    )
    found = only("exec /scripts/win.sh: no such file or directory", this)

    assert found["summary"].endswith(
        "(the file is there, from ConfigMap scripts, and the interpreter that its first line (#!) names is not: "
        "mostly for Windows line endings)"
    )
    assert "Unix line endings" in found["remedies"][0]["title"]
    assert found["remedies"][0]["command"] == "kubectl edit configmap/scripts -n shop-dev"


@pytest.mark.parametrize(
    ("log", "volume", "mount"),
    [
        (GO, {}, {}),
        (GO, {"items": [{"key": "config.yaml", "path": "config.yaml"}]}, {}),
        ("open /etc/app: no such file or directory", {}, {"subPath": "config.yaml"}),
    ],
)
def test_a_file_that_the_configmap_has(log: str, volume: Json, mount: Json) -> None:
    this = crashed(
        2,
        container={"volumeMounts": [{"name": "c", "mountPath": "/etc/app", **mount}]},
        volumes=[{"name": "c", "configMap": {"name": "app-config", **volume}}],
    )
    there = {"metadata": {"name": "app-config"}, "data": {"config.yaml": ""}}

    assert (
        "(ConfigMap app-config is mounted at /etc/app, and has that file)"
        in (only(log, this, ConfigMap=[there])["summary"])
    )


def test_another_container_of_the_pod_has_the_port() -> None:
    this = crashed()
    this["spec"]["containers"].append({"name": "web", "ports": [{"containerPort": 8080}]})

    found = only("listen tcp :8080: bind: address already in use", this)
    assert "(container web of the same pod has port 8080)" in found["summary"]


def test_an_image_for_another_cpu() -> None:
    message = 'runc create failed: unable to start container process: exec: "/serve": exec format error: unknown'
    state = {"waiting": {"reason": "RunContainerError", "message": message}}
    [found] = judge(snapshot(pod(status(state, restarts=2))))["findings"]

    assert 'cannot start: exec: "/serve": exec format error' in found["summary"]
    assert "another kind of CPU" in found["why"]


def unstarted(program: str, **container: Any) -> Json:
    message = f'runc create failed: unable to start container process: exec: "{program}": executable file not found'
    state = {"waiting": {"reason": "RunContainerError", "message": message}}
    containers = [{"name": "app", "image": "shop:1", **container}]
    [found] = judge(snapshot(pod(status(state, restarts=2), spec={"containers": containers})))["findings"]
    result: Json = found
    return result


@pytest.mark.parametrize(
    ("field", "words", "meant"),
    [
        ("command", ["sh -c 'sleep 9999'"], ["sh", "-c", "sleep 9999"]),
        ("args", ["python main.py", "--fast"], ["python", "main.py", "--fast"]),
        ("command", ["cd /app && ./run"], ["sh", "-c", "cd /app && ./run"]),
    ],
)
def test_a_command_that_is_one_word(field: str, words: list[str], meant: list[str]) -> None:
    found = unstarted(words[0], **{field: words})

    assert found["summary"].endswith("executable file not found, for its command is one word")
    assert "no shell takes them apart" in found["why"]
    assert found["remedies"][0]["title"] == f"Write it as separate words: {json.dumps(meant)}"
    assert json.dumps({"name": "app", field: meant}) in found["remedies"][0]["command"]


def test_a_command_of_words_is_shown_as_it_is_written() -> None:
    found = unstarted("sevre", command=["sevre", "-c"], args=["a b"])

    assert found["evidence"][-1]["text"] == 'command: ["sevre", "-c"], args: ["a b"]'
    assert "one word" not in found["summary"]


def test_a_post_start_hook_that_fails() -> None:
    hook = {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "exit 3"]}}}}
    failed = event("shop-abc-1", "FailedPostStartHook", "PostStartHook failed")
    told = only("", crashed(0, container=hook), Event=[failed])
    untold = only("", crashed(0, container=hook))

    assert "is killed because its postStart hook fails: sh -c exit 3 (exit code 0)" in told["summary"]
    assert untold["summary"].endswith("; it has a postStart hook, whose failure would end it: sh -c exit 3")


@pytest.mark.parametrize(("ran_s", "told"), [(5, True), (300, False)])
def test_a_post_start_hook_that_failed_before_is_believed_of_a_run_as_brief(ran_s: float, told: bool) -> None:
    hook = {"name": "app", "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "exit 3"]}}}}
    ended = {**terminated(0), "startedAt": ago(30 + ran_s)}
    failed = {**event("shop-abc-1", "FailedPostStartHook", "PostStartHook failed"), "lastTimestamp": ago(900)}
    found = only("", pod(status(BACK_OFF, ended, restarts=9), spec={"containers": [hook]}), Event=[failed])
    assert ("is killed because its postStart hook fails" in found["summary"]) is told


def test_exit_0_is_not_explained_by_an_error_that_it_survived() -> None:
    assert "must keep running" in only("retry: connection refused\n", crashed(0))["why"]


def test_null_and_absent_fields() -> None:
    bare = {
        "name": "app",
        "env": None,
        "volumeMounts": None,
        "ports": None,
        "lifecycle": None,
        "securityContext": None,
    }
    for log in (PYTHON, JAVA, NODE, GO, "touch: /x: Permission denied", "/x: No space left on device"):
        only(log, crashed(container=bare, volumes=None))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "error during container init: mkdir /etc/passwd: not a directory: unknown",
            "not a directory",
        ),
        (
            'OCI runtime create failed: chdir to cwd ("/etc/passwd") set in config.json failed: permission denied',
            "permission denied",
        ),
    ],
)
def test_a_working_directory_that_cannot_be_entered(message: str, said: str) -> None:
    ended = terminated(128, "StartError", message=message)
    container = {"name": "app", "image": "shop:1", "workingDir": "/etc/passwd"}
    [found] = judge(snapshot(pod(status(BACK_OFF, ended, restarts=2), spec={"containers": [container]})))[
        "findings"
    ]
    assert found["summary"].endswith(f"cannot start: its workingDir /etc/passwd: {said}")
    assert found["remedies"][0]["title"].startswith("Correct the workingDir")


@pytest.mark.parametrize(
    ("runs_s", "ran_s", "restarts", "severity", "settles_in_s"),
    [
        (50, 2, 3, "info", None),
        (15, 2, 3, "warning", 25),
        (8, 2, 3, "error", None),
        (8, 5, 1, "warning", 2),
        (180, 120, 1, "warning", 60),
        (180, 120, 4, "error", None),
        (130, 60, 15, "warning", 170),
        (310, 60, 15, "info", None),
    ],
)
def test_what_failed_at_its_start_and_runs_well_is_history(
    runs_s: int, ran_s: int, restarts: int, severity: str, settles_in_s: int | None
) -> None:
    last = {**terminated(1), "startedAt": ago(runs_s + ran_s), "finishedAt": ago(runs_s)}
    now = status({"running": {"startedAt": ago(runs_s)}}, last, restarts=restarts, ready=True)
    [found] = judge(snapshot(pod(now)))["findings"]

    assert (found["cause"], found["severity"]) == ("CrashLoopBackOff", severity)
    assert found["settles_at"] == (None if settles_in_s is None else ago(-settles_in_s))
    assert (f"and runs well since {ago(runs_s)}" in found["summary"]) is (severity == "info")


@pytest.mark.parametrize(("code", "severity"), [(1, "warning"), (127, "error")])
def test_a_first_failure_is_no_loop_yet_unless_the_next_run_ends_alike(code: int, severity: str) -> None:
    [found] = judge(snapshot(pod(status({"terminated": terminated(code, ended_s_ago=1)}))))["findings"]

    assert (found["severity"], found["so_far"]) == (severity, severity == "warning")


@pytest.mark.parametrize(
    ("db_runs_s", "ready", "severity"), [(20, True, "warning"), (20, False, "warning"), (300, True, "error")]
)
def test_what_it_calls_may_only_be_starting(db_runs_s: float, ready: bool, severity: str) -> None:
    db = pod(
        status({"running": {"startedAt": ago(db_runs_s)}}, ready=ready),
        name="db-0",
        owner=[],
        metadata={"labels": {"app": "db"}, "creationTimestamp": ago(db_runs_s)},
        status={"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    )
    service = {
        "metadata": {"name": "db", "creationTimestamp": ago(600)},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}]},
    }
    crashing = pod(status(BACK_OFF, terminated(1), restarts=3))
    log = {("shop-abc-1", "app"): "dial tcp db:5432: connect: connection refused"}
    taken = snapshot(crashing, db, logs=log, Service=[service])
    [found] = [each for each in judge(taken)["findings"] if each["object"]["name"] == "shop"]

    assert (found["severity"], found["so_far"]) == (severity, severity == "warning")


def test_what_a_usage_text_speaks_of_did_not_happen() -> None:
    log = "dial tcp: connect to db:5432: i/o timeout\nUsage: nc [-w SEC]\n\t-w SEC\tConnect timeout\n"

    assert decisive_line(log) == "dial tcp: connect to db:5432: i/o timeout"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('could not connect to server: Connection timed out. Is the server running on host "db"?', "timeout"),
        (
            'could not connect to server: Connection refused. Is the server running on host "db"?',
            "connection refused",
        ),
        ("sqlite3.OperationalError: database is locked", "lock held"),
        ("ERROR: LOCK file /data/LOCK already locked by another process", "lock held"),
    ],
)
def test_the_class_fits_the_whole_line(line: str, kind: str) -> None:
    error = recognised((line,))

    assert error is not None
    assert error.kind == kind
