"""GitLab: https://docs.gitlab.com/api/project_webhooks/, whose events are served from GitLab 17.3 on."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tools.git_hosts.api import Api
from tools.git_hosts.hosts import LOOKED_AT, Delivery, Hook, commits_of

if TYPE_CHECKING:
    from datetime import datetime

    from tools.git_hosts.repository import Repository

PUBLIC = "gitlab.com"
_PUSHES = ("push_hooks", "merge_request_hooks", "tag_push_hooks")
_ON = (None, "", "executable")


class GitLab:
    """`GitHost` of GitLab."""

    word = "GitLab"

    def __init__(self, host: str, token: str) -> None:
        self._host = host if "://" in host else f"https://{host}"
        name = host.rpartition("://")[2]
        self._glab = "glab api" if name == PUBLIC else f"GITLAB_HOST={name} glab api"
        self._api = Api(f"{self._host}/api/v4", {"Authorization": f"Bearer {token}"})

    def command(self, repository: Repository) -> str:
        """By glab, on its own host."""
        return f"{self._glab} {_path(repository)[1:]}/hooks"

    def hooks(self, repository: Repository) -> list[Hook]:
        """Those of the project: a group's are kept elsewhere."""
        return [
            Hook(
                id=str(each.get("id")),
                url=str(each.get("url") or ""),
                page=f"{self._host}/{repository.path}/-/hooks/{each.get('id')}/edit",
                off="" if each.get("alert_status") in _ON else f"GitLab has switched it off ({_until(each)})",
            )
            for each in self._api.pages(f"{_path(repository)}/hooks?per_page=100")
        ]

    def deliveries(self, repository: Repository, hook: Hook, commit: str) -> list[Delivery]:
        """The list has the bodies; it goes seven days back."""
        path = f"{_path(repository)}/hooks/{quote(hook.id, safe='')}/events"
        pushes = (each for each in self._api.pages(f"{path}?per_page=100") if each.get("trigger") in _PUSHES)
        again = f"{self._glab} -X POST {path[1:]}"
        return [_delivery(each, again) for each in islice(pushes, LOOKED_AT)]


def _path(repository: Repository) -> str:
    return f"/projects/{quote(repository.path, safe='')}"


def _until(hook: dict[str, Any]) -> str:
    until = hook.get("disabled_until")
    return f"{hook.get('alert_status')} until {until}" if until else str(hook.get("alert_status"))


def _delivery(item: dict[str, Any], again: str) -> Delivery:
    status = str(item.get("response_status") or "")
    return Delivery(
        at=_at(item),
        status=int(status) if status.isdigit() else 0,
        said="" if status.isdigit() else status,
        commits=commits_of(item.get("request_data")),
        again=f"{again}/{quote(str(item.get('id')), safe='')}/resend",
    )


def _at(item: dict[str, Any]) -> datetime | None:
    """When the receiver answered: an event does not say itself when it was."""
    headers = item.get("response_headers")
    told = headers.get("Date") if isinstance(headers, dict) else None
    try:
        return parsedate_to_datetime(told) if isinstance(told, str) else None
    except ValueError:
        return None
