"""The Kubernetes objects of a scaffold: those of the library of manifests, set up for kustomize. Pure.

The base says no namespace and no configuration: an overlay says the one, kustomize's generator makes the other, and
its name changes with its contents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tools.json import Json
from tools.manifests.accounts import VERSION
from tools.manifests.application import file_name, objects
from tools.manifests.judges import Excepted, exceptions
from tools.manifests.serialize import document
from tools.manifests.specification import Specification, specified
from tools.scaffolds.answers import DEFAULT_SCHEDULE, Answers

BASE = "k8s/base"
DATABASE = "k8s/overlays/dev/database"
TAG = "0.1.0"

DATABASE_PORTS = {"postgres": 5432, "mysql": 3306}
MIGRATE: Mapping[str, tuple[str, ...]] = {
    "python": ("python", "-m", "app.migrate"),
    "node": ("node", "src/migrate.js"),
    "go": ("/app", "migrate"),
    "java": ("java", "-jar", "app.jar", "migrate"),
}
"""How an image of the language is told to make the tables."""

_MEMORY = {"python": "128Mi:256Mi", "node": "128Mi:256Mi", "go": "64Mi:128Mi", "java": "256Mi:512Mi"}
"""Never below what a provisioned namespace takes for a container at the least."""
_HOOK = "argocd.argoproj.io/hook"
_POLICY = "argocd.argoproj.io/hook-delete-policy"
_WAVE = "argocd.argoproj.io/sync-wave"


def base(answers: Answers) -> list[tuple[str, Json]]:
    """The application's objects, and the Job that makes its tables: each with its file's path."""
    made = [(f"{BASE}/{file_name(each)}", _adapted(each, answers)) for each in objects(_application(answers))]
    if answers.database == "none":
        return made
    migration = objects(_migration(answers))
    return made + [(f"{BASE}/migrate-{file_name(each)}", _adapted(each, answers)) for each in migration]


def dev_database(answers: Answers) -> list[tuple[str, Json]]:
    """The objects of the database in dev, with their files' paths."""
    if answers.database == "none":
        return []
    made = objects(_database(answers))
    return [(f"{DATABASE}/{file_name(each)}", _as_database(each, answers)) for each in made]


def texts(made: Iterable[tuple[str, Json]]) -> Iterator[tuple[str, str]]:
    """Each file's path and text."""
    for path, each in made:
        yield path, document(each, path.rpartition("/")[2])


def excepted(made: Iterable[tuple[str, Json]]) -> list[Excepted]:
    """What the judges are told to leave."""
    return list(exceptions(each for _, each in made))


def _application(answers: Answers) -> Specification:
    return _specified(
        answers.app,
        f"{answers.image}:{TAG}",
        type="deployment" if answers.serves else "cronjob",
        ports=(str(answers.port),) if answers.serves else None,
        hpa="2:10" if answers.type == "web-api" else None,
        replicas=2 if answers.type == "worker" else None,
        schedule=None if answers.serves else DEFAULT_SCHEDULE,
        memory=_MEMORY[answers.language],
        **_with_database(answers),
    )


def _migration(answers: Answers) -> Specification:
    return _specified(
        f"{answers.app}-migrate",
        f"{answers.image}:{TAG}",
        type="job",
        command=MIGRATE[answers.language],
        memory=_MEMORY[answers.language],
        **_with_database(answers),
    )


def _with_database(answers: Answers) -> dict[str, tuple[str, ...]]:
    if answers.database == "none":
        return {}
    name = database_name(answers)
    return {
        "env_from_secret": (f"DATABASE_PASSWORD={name}/password",),
        "egress": (f"{name}:{DATABASE_PORTS[answers.database]}",),
    }


def database_name(answers: Answers) -> str:
    """Of the database in dev, and everywhere of the Secret with its password."""
    return f"{answers.app}-db"


def _specified(app: str, image: str, **given: object) -> Specification:
    return replace(specified(app, image, **given), namespace="")


def _adapted(made: Json, answers: Answers) -> Json:
    """The object with what kustomize's configuration and Argo CD's order ask for.

    An overlay says the image's tag, so a label that repeats it would soon be wrong.
    """
    made["metadata"]["labels"].pop(VERSION, None)
    if made["kind"] not in ("Deployment", "CronJob", "Job"):
        return made
    template = _template(made)
    template["metadata"]["labels"].pop(VERSION, None)
    container = template["spec"]["containers"][0]
    container["envFrom"] = [{"configMapRef": {"name": f"{answers.app}-config"}}]
    if made["kind"] == "Job":  # a Job's template never changes: Argo CD makes it anew
        return _annotated(made, {_HOOK: "Sync", _POLICY: "BeforeHookCreation"})
    return _annotated(made, {_WAVE: "1"}) if answers.database != "none" else made


def _as_database(made: Json, answers: Answers) -> Json:
    """The object of the database, which comes first."""
    if made["kind"] == "StatefulSet":
        pods = _template(made)["spec"]
        container = pods["containers"][0]
        container |= _database_probes(answers)
        del container["lifecycle"]
        pods["volumes"].append({"name": "run", "emptyDir": {"sizeLimit": "10Mi"}})
        container["volumeMounts"].append({"name": "run", "mountPath": _RUN[answers.database]})
    return _annotated(made, {_WAVE: "-1"})


_RUN = {"postgres": "/var/run/postgresql", "mysql": "/var/run/mysqld"}


def _database_probes(answers: Answers) -> Json:
    asked = {
        "postgres": ["pg_isready", "--username=app", "--dbname=app", "--host=127.0.0.1"],
        "mysql": ["mysqladmin", "ping", "--host=127.0.0.1", "--silent"],
    }[answers.database]
    port = {"port": answers.database}
    return {
        "startupProbe": {
            "exec": {"command": asked},
            "periodSeconds": 5,
            "timeoutSeconds": 5,
            "failureThreshold": 60,
        },
        "livenessProbe": {"tcpSocket": port, "periodSeconds": 10, "timeoutSeconds": 5},
        "readinessProbe": {"exec": {"command": asked}, "periodSeconds": 5, "timeoutSeconds": 5},
    }


def _database(answers: Answers) -> Specification:
    name, engine = database_name(answers), answers.database
    postgres = engine == "postgres"
    return _specified(
        name,
        "docker.io/library/postgres:17.6" if postgres else "docker.io/library/mysql:8.4",
        type="statefulset",
        ports=(f"{engine}:{DATABASE_PORTS[engine]}",),
        replicas=1,
        env=(
            ("POSTGRES_USER=app", "POSTGRES_DB=app", "PGDATA=/var/lib/postgresql/data/pgdata")
            if postgres
            else ("MYSQL_USER=app", "MYSQL_DATABASE=app")
        ),
        env_from_secret=tuple(
            f"{variable}={name}/password"
            for variable in (("POSTGRES_PASSWORD",) if postgres else ("MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD"))
        ),
        volumes=(f"data:{'/var/lib/postgresql/data' if postgres else '/var/lib/mysql'}:2Gi",),
        memory="256Mi:512Mi" if postgres else "512Mi:1Gi",
    )


def _template(made: Json) -> Json:
    spec = made["spec"]["jobTemplate"]["spec"] if made["kind"] == "CronJob" else made["spec"]
    template: Json = spec["template"]
    return template


def _annotated(made: Json, annotations: Mapping[str, str]) -> Json:
    metadata = made["metadata"]
    return {**made, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}}
