"""How somebody logs in: a link that works once, or a token that the cluster knows."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.errors import DeskError
from agent.humans.approvers import KubernetesUser
from agent.web.visits import Visitor
from tools.cluster.errors import ClusterError, Unauthorized
from tools.json import Json

if TYPE_CHECKING:
    from tools.cluster.client import Cluster

AUDIENCE = "desk"
"""What a pasted token must have been issued for: one for the API server is never to be pasted anywhere."""
MAX_TOKEN_CHARS = 16_384


class LoginRefused(DeskError):
    """Nobody was logged in; the text says why and what to do next."""


class Link:
    """A key that logs one person in, once: it is printed where only they can read it. Safe for several threads."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self._key = ""
        self._lock = threading.Lock()

    def offer(self) -> str:
        """A new key, instead of the one before."""
        with self._lock:
            self._key = secrets.token_urlsafe(32)
            return self._key

    def enter(self, key: str) -> Visitor:
        """Whose key this is; raises `LoginRefused` for one that was used, or replaced, or never was one."""
        with self._lock:
            if not self._key or not hmac.compare_digest(self._key.encode(), key.encode("utf-8", "replace")):
                raise LoginRefused(
                    "This link was used already, or a newer one was printed: each works once. "
                    "Print a new one in the terminal of desk serve, with the button below."
                )
            self._key = ""
        return self.visitor


class KubernetesTokens:
    """Tokens of the cluster's own, which its API server reviews. Source: the TokenReview API."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def enter(self, token: str) -> tuple[Visitor, datetime | None]:
        """Whose token this is, and when it ends, where it says so; raises `LoginRefused`."""
        said = token.strip()
        if not said or len(said) > MAX_TOKEN_CHARS or not said.isascii() or not said.isprintable():
            raise LoginRefused("That is no token: paste what the command below prints, whole, and nothing else.")
        try:
            identity = self._cluster.review_token(said, AUDIENCE)
        except Unauthorized as error:
            raise LoginRefused(
                f'The cluster does not take this token: {error}. It must be of this cluster, for the audience "'
                f'{AUDIENCE}", and not expired. Make a new one with the command below.'
            ) from error
        except ClusterError as error:
            raise LoginRefused(f"The cluster could not be asked whose token this is. {error}") from error
        visitor = Visitor(identity.username, KubernetesUser(identity.username), groups=identity.groups)
        return visitor, _expiry(said)


def _expiry(token: str) -> datetime | None:
    """When a token ends that the API server has just found good; None where it does not say so."""
    try:
        return datetime.fromtimestamp(claims_of(token)["exp"], UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def claims_of(token: str) -> Json:
    """What a JSON web token claims, believed by nobody yet; nothing for what is none."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
