"""The git hosts that there is a token for, and what is asked of one."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from tools.git_hosts.repository import Repository

LOOKED_AT = 10
"""So many of the newest pushes are looked into for a commit."""


class NotRead(Exception):
    """A host did not tell; the message says why in a few words, and holds no token."""


class Hook(msgspec.Struct, frozen=True):
    """A webhook of a repository. `url` is where it sends to; `off` says why it sends nothing, empty where it does.

    `page` is where a person sees its deliveries.
    """

    id: str
    url: str
    page: str
    off: str = ""


class Delivery(msgspec.Struct, frozen=True):
    """One push that a host told a webhook of.

    `status` is the HTTP status that came back, 0 where none did; `said` are the host's own words for it. `commits`
    are the SHAs in it, None where that was not looked at.
    """

    at: datetime | None
    status: int
    said: str = ""
    commits: tuple[str, ...] | None = None
    again: str = ""
    """The command that has it delivered again."""

    @property
    def failed(self) -> bool:
        """Whether the receiver did not take it."""
        return not 200 <= self.status < 300


class GitHost(Protocol):
    """One host, with a token. Every method raises `NotRead`."""

    @property
    def word(self) -> str:
        """`GitHub` or `GitLab`."""
        ...

    def command(self, repository: Repository) -> str:
        """What a person types to see the webhooks of a repository."""
        ...

    def hooks(self, repository: Repository) -> list[Hook]:
        """The webhooks of a repository."""
        ...

    def deliveries(self, repository: Repository, hook: Hook, commit: str) -> list[Delivery]:
        """The newest pushes that it was told of, the newest first.

        Of `LOOKED_AT` it is known which commits they hold, or of fewer where one holds the `commit`.
        """
        ...


class GitHosts:
    """Those that there is a token for, each by the host of its repositories' URLs.

    A token is for its own host: what an object of the cluster names as its repository gets none.
    """

    def __init__(self, hosts: dict[str, GitHost] | None = None) -> None:
        self._hosts = hosts or {}

    def of(self, repository: Repository) -> GitHost | None:
        """The host of a repository; None where there is no token for it."""
        return self._hosts.get(repository.host)

    def __bool__(self) -> bool:
        return bool(self._hosts)


def commits_of(payload: object) -> tuple[str, ...]:
    """The SHAs in the body of a push or of a pull request: what was sent is read as far as it is as documented.

    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push,
    https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events
    """
    body = _map(payload)
    commits = body.get("commits")
    heads = [body.get("head_commit"), _map(body.get("object_attributes")).get("last_commit")]
    listed = [*heads, *(commits if isinstance(commits, list) else ())]
    told = [
        body.get("after"),
        body.get("checkout_sha"),
        _map(_map(body.get("pull_request")).get("head")).get("sha"),
        *(_map(each).get("id") for each in listed),
    ]
    return tuple(dict.fromkeys(sha.lower() for sha in told if isinstance(sha, str) and sha))


def _map(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
