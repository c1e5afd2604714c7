"""Who comes with a bearer token: one of the cluster's, an ID token, or one that a printed link was traded for.

Source: RFC 6750. A token is looked at with every request, so it is worth nothing once its issuer says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from agent.web.logins import LoginRefused, claims_of
from agent.web.visits import LOGGED_IN, Visit, Visits

if TYPE_CHECKING:
    from agent.web.site import Logins


class Bearers:
    """The tokens of programs. Safe for several threads."""

    def __init__(self, logins: Logins, now: Callable[[], datetime]) -> None:
        self._logins = logins
        self._now = now
        self._visits = Visits(now)

    def enter(self, key: str) -> tuple[str, Visit]:
        """Trade a printed link's key for a token; raises `LoginRefused`."""
        if self._logins.link is None:
            raise LoginRefused("No link is printed here: send a token of the cluster's, or an ID token.")
        return self._visits.begin(self._logins.link.enter(key))

    def visit_of(self, token: str) -> Visit:
        """Whose token it is; raises `LoginRefused`."""
        if (visit := self._visits.of(token)) is not None:
            return visit
        oidc, tokens = self._logins.oidc, self._logins.tokens
        if oidc is not None and claims_of(token).get("iss") == oidc.issuer:
            visitor, ends_at = oidc.reviewed(token)
            return Visit(min(ends_at, self._now() + LOGGED_IN), visitor)
        if tokens is None:
            raise LoginRefused("This token is not known here, or over. docs/api.md says which tokens there are.")
        visitor, until = tokens.enter(token)
        return Visit(min(until or self._now() + LOGGED_IN, self._now() + LOGGED_IN), visitor)
