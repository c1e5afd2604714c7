"""`approvers.yaml` of the workspace: the people who may decide, by class of risk and environment.

    people:
      ana:
        kubernetes: ana@example.com          # the user name that the cluster knows
        groups: [payments]                   # the groups it knows that user in
        slack: T024BE7LD/U024BE7LX           # team/user
        oidc: https://login.example.com#248289761001    # issuer#subject
    rules:
      - classes: [provision, change]
        environments: [dev, test, staging]
        people: [ana]
    second_person: [secret]

Whoever is not in it may look and not decide. Without the file only the terminal decides, where the cluster says who
somebody is. Pure, but for `load`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert

from agent.errors import UsageError
from agent.settings import GateColumn, GatedClass
from agent.workspace.names import APPROVERS_FILE

if TYPE_CHECKING:
    from yaml import Node

    from agent.journal.approvals import Row


@dataclass(frozen=True, slots=True)
class KubernetesUser:
    """Somebody whom the session's own cluster has named: SelfSubjectReview, or TokenReview."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class SlackUser:
    """Somebody whom Slack has named. Ids of users are unique in their team only: both count."""

    team: str
    user: str

    def __str__(self) -> str:
        return f"Slack's {self.team}/{self.user}"


@dataclass(frozen=True, slots=True)
class OidcSubject:
    """Somebody whom an identity provider has named: `iss` and `sub` of a verified ID token.

    Source: https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
    """

    issuer: str
    subject: str

    def __str__(self) -> str:
        return f"{self.issuer}#{self.subject}"


Identity = KubernetesUser | SlackUser | OidcSubject

_Name = Annotated[str, Meta(min_length=1, max_length=253)]


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    kubernetes: _Name
    groups: tuple[_Name, ...] = ()
    slack: Annotated[str, Meta(pattern=r"^[TE][A-Z0-9]+/[UW][A-Z0-9]+$")] | None = None
    oidc: Annotated[str, Meta(pattern=r"^https://[^\s#?]+#\S+$", max_length=512)] | None = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """Who decides rows of these classes in these environments."""

    classes: Annotated[tuple[GatedClass, ...], Meta(min_length=1)]
    environments: Annotated[tuple[GateColumn, ...], Meta(min_length=1)]
    people: Annotated[tuple[str, ...], Meta(min_length=1)]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    people: dict[_Name, Any]
    rules: tuple[Rule, ...] = ()
    second_person: tuple[GatedClass, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the file. `kubernetes` and `groups` are who they are to the cluster."""

    name: str
    kubernetes: str
    groups: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class Approvers:
    """What the file says."""

    people: tuple[Person, ...]
    rules: tuple[Rule, ...] = ()
    second_person: tuple[str, ...] = ()
    """Classes of risk that two people approve."""

    def person(self, identity: Identity) -> Person | None:
        """Whose identity this is; None: nobody's."""
        return next((each for each in self.people if identity in each.identities), None)

    def may_decide(self, person: Person, row: Row) -> str:
        """Why somebody may not decide a row by the file's rules; empty: they may."""
        risk, environment = row.asked.risk, row.asked.environment
        for rule in self.rules:
            if risk in rule.classes and environment in rule.environments and person.name in rule.people:
                return ""
        return f"{APPROVERS_FILE} has no rule by which {person.name} decides {risk} in {environment}"


def load(workspace: Path) -> Approvers | None:
    """The workspace's file, read anew; None where there is none.

    Raises `UsageError` that says what is wrong in it and where.
    """
    file = workspace / APPROVERS_FILE
    try:
        return parse(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:300]
        raise UsageError(
            f"{file}: {said}. Nobody can decide until it is mended: docs/approvals.md says how."
        ) from error


def parse(text: str) -> Approvers:
    """The file's text; raises `ValueError` that says what is wrong in it and where."""
    try:
        file = convert(_document(text), _File)
    except ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from error
    people = tuple(_person(name, _entry(name, raw)) for name, raw in file.people.items())
    _refuse_two_of_one(people)
    for number, rule in enumerate(file.rules, 1):
        if unknown := sorted(set(rule.people) - set(file.people)):
            raise ValueError(f"rule {number} names {', '.join(unknown)}, and people has nobody of that name")
    return Approvers(people, file.rules, file.second_person)


def _entry(name: str, raw: Any) -> _Entry:
    try:
        return convert(raw, _Entry)
    except ValidationError as error:
        raise ValueError(f"{name} in people: {error}".replace("`", "")) from error


def _person(name: str, entry: _Entry) -> Person:
    identities: list[Identity] = [KubernetesUser(entry.kubernetes)]
    if entry.slack:
        team, _, user = entry.slack.partition("/")
        identities.append(SlackUser(team, user))
    if entry.oidc:
        issuer, _, subject = entry.oidc.partition("#")
        identities.append(OidcSubject(issuer, subject))
    return Person(name, entry.kubernetes, entry.groups, tuple(identities))


def _refuse_two_of_one(people: tuple[Person, ...]) -> None:
    """One identity is one person's: two would be a second person to themselves."""
    owner: dict[Identity, str] = {}
    for person in people:
        for identity in person.identities:
            if (other := owner.setdefault(identity, person.name)) != person.name:
                raise ValueError(f"{identity} stands for both {other} and {person.name}")


def _document(text: str) -> Any:
    """The YAML document; of a key that is there twice YAML's loader would keep the last and say nothing."""
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        for key in _repeated(node):
            raise ValueError(f"line {key.start_mark.line + 1}: {key.value} is there twice")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"no YAML: {error}") from error


def _repeated(node: Node | None) -> Iterator[Node]:
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(str(key.value))
            yield from _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _repeated(each)
