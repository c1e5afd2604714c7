"""GitHub, and GitHub Enterprise: https://docs.github.com/en/rest/repos/webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tools.git_hosts.api import Api
from tools.git_hosts.hosts import LOOKED_AT, Delivery, Hook, commits_of
from tools.git_hosts.repository import Repository

PUBLIC = "github.com"
_PUSHES = ("push", "pull_request")
_VERSION = "2022-11-28"


def base_of(host: str) -> str:
    """Where the API of a host is: `github.com`, a tenant's `acme.ghe.com`, or a server of one's own.

    A host may be a URL with its scheme. Source: https://docs.github.com/en/enterprise-server@latest/rest/quickstart
    """
    scheme, _, name = host.rpartition("://")
    if name == PUBLIC or name.endswith(".ghe.com"):
        return f"https://api.{name}"
    return f"{scheme or 'https'}://{name}/api/v3"


class GitHub:
    """`GitHost` of GitHub."""

    word = "GitHub"

    def __init__(self, host: str, token: str) -> None:
        self._host = host if "://" in host else f"https://{host}"
        name = host.rpartition("://")[2]
        self._at = "" if name == PUBLIC else f"--hostname {name} "
        self._api = Api(
            base_of(host),
            {
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {token}",
                "X-GitHub-Api-Version": _VERSION,
            },
        )

    def command(self, repository: Repository) -> str:
        """By gh, on its own host."""
        return f"gh api {self._at}{_path(repository)[1:]}/hooks"

    def hooks(self, repository: Repository) -> list[Hook]:
        """Those of the repository: an organization's and an App's are kept elsewhere."""
        return [
            Hook(
                id=str(each.get("id")),
                url=str((each.get("config") or {}).get("url") or ""),
                page=f"{self._host}/{repository.path}/settings/hooks/{each.get('id')}?tab=deliveries",
                off="" if each.get("active", True) else "it is not active",
            )
            for each in self._api.pages(f"{_path(repository)}/hooks?per_page=100")
        ]

    def deliveries(self, repository: Repository, hook: Hook, commit: str) -> list[Delivery]:
        """The list has no bodies: those of the newest are asked for one by one, where a commit is looked for."""
        return list(self._looked_into(repository, hook, commit))

    def _looked_into(self, repository: Repository, hook: Hook, commit: str) -> Iterator[Delivery]:
        path = f"{_path(repository)}/hooks/{quote(hook.id, safe='')}/deliveries"
        seen, found = 0, not commit
        for each in self._api.pages(f"{path}?per_page=100"):
            if each.get("event") not in _PUSHES:
                continue
            commits = None
            if not found:
                commits = commits_of(_payload(self._api.get(f"{path}/{quote(str(each.get('id')), safe='')}")))
                found = any(sha.startswith(commit.lower()) for sha in commits)
            yield _delivery(each, commits, f"gh api {self._at}-X POST {path[1:]}")
            seen += 1
            if seen == LOOKED_AT:
                return


def _path(repository: Repository) -> str:
    return f"/repos/{quote(repository.path)}"


def _payload(delivery: object) -> object:
    request = delivery.get("request") if isinstance(delivery, dict) else None
    return request.get("payload") if isinstance(request, dict) else None


def _delivery(item: dict[str, Any], commits: tuple[str, ...] | None, again: str) -> Delivery:
    status = item.get("status_code")
    return Delivery(
        at=_at(item),
        status=status if isinstance(status, int) else 0,
        said=str(item.get("status") or ""),
        commits=commits,
        again=f"{again}/{quote(str(item.get('id')), safe='')}/attempts",
    )


def _at(item: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(item.get("delivered_at"))).astimezone()
    except ValueError:
        return None
