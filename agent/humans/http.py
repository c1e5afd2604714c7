"""One JSON request to a channel that has no SDK of its own, and what its answer means."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from agent.humans.port import Undelivered

if TYPE_CHECKING:
    from urllib3 import PoolManager, ProxyManager

SAID_CHARS = 200


@cache
def _pool(proxy: str) -> PoolManager | ProxyManager:
    import urllib3

    return urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()


def post(whose: str, url: str, body: bytes, timeout_s: float) -> None:
    """Send it once; raises `Undelivered`. The URL may be a secret, so no error tells it."""
    import urllib.request

    from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

    bypassed = urllib.request.proxy_bypass(url.split("/")[2].split(":", maxsplit=1)[0])
    proxy = "" if bypassed else urllib.request.getproxies().get(url.split(":", maxsplit=1)[0], "")
    try:
        answer = _pool(proxy).request(
            "POST",
            url,
            body=body,
            headers={"Content-Type": "application/json"},
            retries=False,
            redirect=False,
            timeout=timeout_s,
        )
    except (NewConnectionError, ConnectTimeoutError) as error:
        raise Undelivered(f"{whose} cannot be reached: {type(error).__name__}") from None
    except HTTPError as error:
        raise Undelivered(f"{whose} did not answer: {type(error).__name__}", maybe_sent=True) from None
    status = int(answer.status)
    if status in (200, 201, 202):
        return
    after = str(answer.headers.get("Retry-After", ""))
    raise Undelivered(
        f"{whose} answers {status}: {answer.data.decode('utf-8', 'replace')[:SAID_CHARS]}",
        retry_after_s=float(after) if after.isdigit() else 0.0,
        is_final=400 <= status < 500 and status not in (408, 429),
        maybe_sent=status >= 500,
        is_limit=status == 429,
    )
