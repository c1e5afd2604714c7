"""What is answered before an application is made, checked, with the defaults. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, TypeVar, get_args

Type = Literal["web-api", "worker", "cronjob"]
Language = Literal["python", "node", "go", "java"]
Database = Literal["postgres", "mysql", "none"]
Pipeline = Literal["github", "tekton"]

Known = TypeVar("Known")

DEFAULT_PORT = 8080
DEFAULT_SCHEDULE = "0 3 * * *"

_APP = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_MOST_APP = 40
"""Names of objects and namespaces are made of it, in labels of 63 characters."""
_TEAM = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# Source: https://docs.github.com/en/repositories/creating-and-managing-repositories; other hosts take less
_REPOSITORY = re.compile(r"https://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9][A-Za-z0-9_.-]*){1,5}")
_REGISTRY = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*")


class AnswersError(ValueError):
    """An answer that no scaffold can have; the text says which, why, and what would do."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a scaffold is made from, and what it remembers of that. `answered` makes it."""

    app: str
    type: Type = "web-api"
    language: Language = "python"
    port: int = DEFAULT_PORT
    database: Database = "none"
    pipeline: Pipeline = "github"
    team: str = "platform"
    repository: str = ""
    registry: str = ""
    external_secrets: bool = False
    """Whether an ExternalSecret brings the database's password in staging and production."""

    @property
    def serves(self) -> bool:
        """Whether it runs all the time, with probes and metrics on its port."""
        return self.type != "cronjob"

    @property
    def image(self) -> str:
        """The image's name, without a tag."""
        return f"{self.registry}/{self.app}"

    def as_document(self) -> dict[str, str | int | bool]:
        """The answers as `.desk-scaffold.yaml` has them."""
        return asdict(self)


def answered(given: Mapping[str, object]) -> Answers:
    """The checked answers; what is None takes its default. Raises `AnswersError`."""
    asked = {name: value for name, value in given.items() if value is not None}
    unknown = sorted(set(asked) - set(Answers.__dataclass_fields__))
    if unknown:
        raise AnswersError(
            f"There is no answer {', '.join(unknown)}: there are {', '.join(Answers.__dataclass_fields__)}."
        )
    app = str(asked.get("app", ""))
    if not _APP.fullmatch(app) or len(app) > _MOST_APP:
        raise AnswersError(
            f"{_shown(app)} cannot be an application's name: small letters, digits and -, a letter first, no - "
            f"last, at most {_MOST_APP} characters."
        )
    repository = str(asked.get("repository") or f"https://github.com/example/{app}").removesuffix(".git")
    _check("repository", repository, _REPOSITORY, f"give its https address, as in https://github.com/example/{app}")
    registry = str(asked.get("registry") or "ghcr.io/example")
    _check(
        "registry", registry, _REGISTRY, "give where images go, as in ghcr.io/example, small letters, without https"
    )
    team = str(asked.get("team") or "platform")
    _check("team", team, _TEAM, "small letters, digits and -")
    return Answers(
        app,
        type=_one_of("type", asked.get("type", "web-api"), get_args(Type)),
        language=_one_of("language", asked.get("language", "python"), get_args(Language)),
        port=_port(asked.get("port", DEFAULT_PORT)),
        database=_one_of("database", asked.get("database", "none"), get_args(Database)),
        pipeline=_one_of("pipeline", asked.get("pipeline", "github"), get_args(Pipeline)),
        team=team,
        repository=repository,
        registry=registry,
        external_secrets=bool(asked.get("external_secrets")) and asked.get("database", "none") != "none",
    )


def _one_of(name: str, value: object, known: tuple[Known, ...]) -> Known:
    for each in known:
        if each == value:
            return each
    raise AnswersError(
        f"{name} {_shown(value)}: there is none. Take {', '.join(map(str, known[:-1]))} or {known[-1]}."
    )


def _port(value: object) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", str(value)) or not 1024 <= int(str(value)) <= 65535:
        raise AnswersError(
            f"port {_shown(value)}: give a whole number from 1024 to 65535; lower ones are for root, which it does "
            "not run as."
        )
    return int(str(value))


def _check(name: str, value: str, pattern: re.Pattern[str], what_next: str) -> None:
    if len(value) > 200 or not pattern.fullmatch(value):
        raise AnswersError(f"{name} {_shown(value)} cannot be one: {what_next}.")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}...'"
