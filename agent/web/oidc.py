"""Login by OpenID Connect: the authorization code flow with PKCE, state and nonce, by Authlib.

Source: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, RFC 7636, RFC 9700
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from agent.errors import UsageError
from agent.humans.approvers import OidcSubject
from agent.web.logins import LoginRefused
from agent.web.visits import Visitor

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client
    from joserfc.jwk import KeySet, KeySetSerialization

    from agent.settings import OidcSettings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""What an ID token may be signed with. `none` proves nothing, and neither does a secret that we know ourselves."""
LEEWAY_S = 60
TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1024 * 1024
KEYS_HOLD_S = 10.0
"""A program sends its token with every request: the provider is not asked for its keys as often."""


class Oidc:
    """One identity provider. Safe for several threads."""

    def __init__(self, settings: OidcSettings, redirect_uri: str) -> None:
        self.issuer = settings.issuer
        self._settings = settings
        self._secret = _secret_of(settings)
        self._redirect_uri = redirect_uri
        self._metadata: Mapping[str, Any] = {}
        self._known_keys: tuple[KeySet | None, float] = (None, 0.0)
        self._lock = threading.Lock()

    def begin(self) -> tuple[str, dict[str, str]]:
        """Where to send the browser, and what `end` needs to know again; raises `LoginRefused`."""
        begun = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        endpoint = self._provider()["authorization_endpoint"]
        with self._client() as client:
            url, _ = client.create_authorization_url(
                endpoint, state=begun["state"], code_verifier=begun["verifier"], nonce=begun["nonce"]
            )
        return str(url), begun

    def end(self, begun: Mapping[str, str], answer: Mapping[str, str]) -> tuple[Visitor, datetime]:
        """Who the provider says came back, and until when its word holds; raises `LoginRefused`."""
        state = answer.get("state", "")
        if not begun.get("state") or not hmac.compare_digest(begun["state"].encode(), state.encode()):
            raise LoginRefused("This login was not begun in this browser, or it took too long. Begin it anew.")
        if answer.get("iss", self.issuer) != self.issuer:  # RFC 9207
            raise LoginRefused(f"Another provider has answered than {self.issuer}. Begin the login anew.")
        if not answer.get("code"):
            raise LoginRefused(f"{self.issuer} logged nobody in: {answer.get('error') or 'it gave no code'}.")
        return _visitor(
            self.issuer, self._claims(self._redeemed(answer["code"], begun["verifier"]), begun["nonce"])
        )

    def reviewed(self, id_token: str) -> tuple[Visitor, datetime]:
        """Whose ID token this is, that a program has got by itself, and until when; raises `LoginRefused`."""
        return _visitor(self.issuer, self._claims(id_token, ""))

    def _redeemed(self, code: str, verifier: str) -> str:
        """The ID token for a code."""
        from authlib.integrations.base_client import OAuthError
        from httpx import HTTPError

        endpoint = self._provider()["token_endpoint"]
        try:
            with self._client() as client:
                token = client.fetch_token(
                    endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except (OAuthError, HTTPError, ValueError) as error:
            raise LoginRefused(f"{self.issuer} does not redeem its code: {_said(error)}. Begin anew.") from error
        if not isinstance(token.get("id_token"), str):
            raise LoginRefused(f"{self.issuer} gave no ID token: Desk's client needs the scope openid there.")
        return str(token["id_token"])

    def _claims(self, id_token: str, nonce: str) -> Mapping[str, Any]:
        """What the ID token says, when it is this provider's, for Desk, and not over.

        `nonce` is that of the login that it is for; empty: it is for none.
        """
        from authlib.oidc.core import CodeIDToken, IDToken
        from joserfc.errors import JoseError
        from joserfc.jwt import decode

        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
            "sub": {"essential": True},
        }
        try:
            token = decode(id_token, self._keys(), algorithms=list(ALGORITHMS))
            known = {"client_id": self._settings.client_id} | ({"nonce": nonce} if nonce else {})
            claims = (CodeIDToken if nonce else IDToken)(token.claims, token.header, options, known)
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise LoginRefused(
                f"The ID token of {self.issuer} does not hold: {_said(error)}. Begin anew."
            ) from error
        return dict(claims)

    def _keys(self) -> KeySet:
        """The provider's public keys, read anew once they are `KEYS_HOLD_S` old: providers change them."""
        from joserfc.jwk import KeySet

        uri = self._provider()["jwks_uri"]
        with self._lock:
            known, read_at = self._known_keys
            if known is None or time.monotonic() - read_at >= KEYS_HOLD_S:
                known = KeySet.import_key_set(cast("KeySetSerialization", self._fetched(uri)))
                self._known_keys = (known, time.monotonic())
            return known

    def _provider(self) -> Mapping[str, Any]:
        """The provider's metadata, read once. Source: OpenID Connect Discovery 1.0, 4"""
        with self._lock:
            if not self._metadata:
                found = self._fetched(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
                if found.get("issuer") != self.issuer or not all(
                    isinstance(found.get(each), str) for each in needed
                ):
                    raise LoginRefused(
                        f"What {self.issuer} says of itself is not of this issuer, or lacks one of "
                        f"{', '.join(needed)}. Mend web.oidc.issuer in desk.yaml."
                    )
                self._metadata = found
            return self._metadata

    def _fetched(self, url: str) -> dict[str, Any]:
        import httpx

        try:
            answer = httpx.get(url, timeout=TIMEOUT_S).raise_for_status()
            document = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise LoginRefused(
                f"{url} cannot be read: {_said(error)}. Try again, or log in another way."
            ) from error
        if not isinstance(document, dict):
            raise LoginRefused(f"{url} is no JSON object. Mend web.oidc.issuer in desk.yaml.")
        return document

    def _client(self) -> OAuth2Client:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            client_id=self._settings.client_id,
            client_secret=self._secret,
            scope="openid email profile",
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
        )


def _visitor(issuer: str, claims: Mapping[str, Any]) -> tuple[Visitor, datetime]:
    name = str(claims.get("email") or claims.get("preferred_username") or claims["sub"])
    return Visitor(name, OidcSubject(issuer, str(claims["sub"]))), datetime.fromtimestamp(int(claims["exp"]), UTC)


def _secret_of(settings: OidcSettings) -> str | None:
    """None for a public client, which has PKCE alone."""
    if settings.client_secret_file is None:
        return None
    try:
        return settings.client_secret_file.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"web.oidc.client_secret_file {settings.client_secret_file} cannot be read: {error}."
        ) from error


def _said(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:300]
