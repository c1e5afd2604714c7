"""One answer of a git host's API, or why there is none. The token goes to that host and nowhere else.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.gitlab.com/api/rest/#status-codes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tools.git_hosts.hosts import NotRead

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 10.0
PAGES = 5
"""So many pages of a list are read; a hundred entries each."""
_RESET = ("x-ratelimit-reset", "ratelimit-reset")
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining")


class Api:
    """The API below `base`, asked with these headers, one of which holds the token. No redirect is followed."""

    def __init__(self, base: str, headers: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
        self._base = base
        self._headers = dict(headers)
        self._timeout_s = timeout_s
        self._client: httpx2.Client | None = None

    def __repr__(self) -> str:
        return f"Api({self._base!r})"

    def get(self, path: str) -> Any:
        """What the API says below this path, as JSON; raises `NotRead`."""
        return self._answer(f"{self._base}{path}")[0]

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The entries of a list, page by page, as far as they are objects; raises `NotRead`."""
        url = f"{self._base}{path}"
        for _ in range(PAGES):
            items, following = self._answer(url)
            if not isinstance(items, list):
                raise NotRead("answers something else than its API does")
            yield from (each for each in items if isinstance(each, dict))
            if urlsplit(following)[:2] != urlsplit(self._base)[:2]:  # the token is for this host alone
                return
            url = following

    def _answer(self, url: str) -> tuple[Any, str]:
        """(JSON, the URL of the next page)."""
        import httpx2

        if self._client is None:
            self._client = httpx2.Client(headers=self._headers, timeout=self._timeout_s, follow_redirects=False)
        try:
            response = self._client.get(url)
        except httpx2.TimeoutException as error:
            raise NotRead(f"does not answer within {self._timeout_s:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NotRead(f"does not answer ({type(error).__name__})") from error
        if response.status_code != httpx2.codes.OK:
            raise NotRead(_refusal(response.status_code, response.headers))
        try:
            return response.json(), str((response.links.get("next") or {}).get("url") or "")
        except ValueError as error:
            raise NotRead("answers something else than its API does") from error


def _refusal(status: int, headers: Mapping[str, str]) -> str:
    """What a status says, in words."""
    used_up = next((headers[name] for name in _REMAINING if name in headers), "") == "0"
    if status == 429 or (status == 403 and (used_up or "retry-after" in headers)):
        return f"lets nobody ask more for now ({status}){_until(headers)}"
    match status:
        case 401:
            return "does not take the token (401): it is expired, revoked or another host's"
        case 403:
            return "does not let the token read webhooks (403)"
        case 404:
            return "has no such repository, or the token may not see its webhooks (404)"
        case _ if 300 <= status < 400:
            return f"says that the repository has moved ({status})"
        case _:
            return f"answers {status}"


def _until(headers: Mapping[str, str]) -> str:
    told = next((headers[name] for name in _RESET if name in headers), "")
    if told.isdigit() and len(told) <= 11:
        return f" until {datetime.fromtimestamp(int(told), UTC):%H:%M} UTC"
    after = headers.get("retry-after", "")
    return f" for {after} s" if after.isdigit() else ""
