"""Who is logged in with which browser: opaque ids, kept by this process for as long as they hold.

A cookie's value is 256 random bits, and only its digest is kept. A login gets a new one, so that nobody can be
given a value that somebody else knows. When the process ends, everybody logs in anew.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.humans.approvers import Identity

LOGGED_IN = timedelta(hours=8)
"""At most: a shift. A token that ends sooner ends the visit with it."""
LOGGING_IN = timedelta(minutes=10)
MOST = 10_000
"""So many visits are kept; beyond that the one that ends first goes."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody whom a login has authenticated. `name` is what the page calls them."""

    name: str
    identity: Identity | None
    """None: nobody says who they are, so they may look only."""
    is_own_login: bool = False
    """Whether Desk's own login to the cluster is theirs."""
    groups: tuple[str, ...] = ()
    """What the cluster says that they are members of."""


@dataclass(slots=True)
class Visit:
    """A browser's visit, until `ends_at`. `visitor` is None while somebody is about to log in."""

    ends_at: datetime
    visitor: Visitor | None = None
    begun: dict[str, str] = field(default_factory=dict)
    """What a login that is under way has to find again."""
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def take(self) -> dict[str, str]:
        """What a login has begun with; the next time there is nothing."""
        begun, self.begun = self.begun, {}
        return begun

    def token(self, path: str) -> str:
        """What a form of this visit that is sent to `path` carries; that of no other form or visit is the same."""
        return hmac.digest(self.key, path.encode(), "sha256").hex()


class Visits:
    """All visits. Safe for several threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._visits: dict[str, Visit] = {}
        self._lock = threading.Lock()

    def begin(self, visitor: Visitor | None = None, ends_at: datetime | None = None) -> tuple[str, Visit]:
        """A new visit and its cookie's value; it holds until `ends_at`, and no longer than a shift."""
        now = self._now()
        latest = now + (LOGGED_IN if visitor else LOGGING_IN)
        cookie, visit = secrets.token_urlsafe(32), Visit(min(ends_at or latest, latest), visitor)
        with self._lock:
            if len(self._visits) >= MOST:
                self._visits = {key: each for key, each in self._visits.items() if each.ends_at > now}
            if len(self._visits) >= MOST:
                del self._visits[min(self._visits, key=lambda key: self._visits[key].ends_at)]
            self._visits[_digest(cookie)] = visit
        return cookie, visit

    def of(self, cookie: str) -> Visit | None:
        """The visit of a cookie's value, while it holds."""
        with self._lock:
            visit = self._visits.get(_digest(cookie))
        return visit if visit and visit.ends_at > self._now() else None

    def end(self, cookie: str) -> None:
        """Log out: the cookie's value is worth nothing from now on."""
        with self._lock:
            self._visits.pop(_digest(cookie), None)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()
