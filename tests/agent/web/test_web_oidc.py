"""Login by OpenID Connect, with a provider over TLS; whatever of it does not hold logs nobody in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey
from joserfc.jwt import encode

from agent.errors import UsageError
from agent.journal.approvals import load
from agent.settings import OidcSettings
from agent.web.oidc import Oidc
from tests.agent.humans.people import asked
from tests.agent.web.certificates import self_signed
from tests.agent.web.provider import CLIENT, SECRET, Claims, Provider, providing, signed, unsigned
from tests.agent.web.serving import Served, served, submit


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with providing(certificate) as up:
        yield up


@pytest.fixture
def page(provider: Provider, workspace: Path, tmp_path: Path) -> Iterator[Served]:
    secret = tmp_path / "client-secret"
    secret.write_text(f"{SECRET}\n")
    settings = OidcSettings(issuer=provider.issuer, client_id=CLIENT, client_secret_file=secret)
    with served(workspace, oidc=lambda redirect_uri: Oidc(settings, redirect_uri)) as up:
        file = workspace / "approvers.yaml"
        file.write_text(file.read_text().replace("https://login.example.com#", f"{provider.issuer}#"))
        yield up


def sent_back(page: Served, client: httpx.Client, path: str = "/login/oidc") -> str:
    """The address that the provider sends a browser back to, which has just begun to log in."""
    begun = client.get(path)
    assert begun.status_code == 303, begun.text
    with httpx.Client() as elsewhere:
        return elsewhere.get(begun.headers["location"]).headers["location"]


def test_who_the_provider_names_is_logged_in_and_decides_as_the_file_says(page: Served, provider: Provider) -> None:
    client = page.client()
    row = asked(page.journal, now=page.clock())
    entered = client.get(sent_back(page, client, f"/login/oidc?next=/approvals/{row}"))
    assert (entered.status_code, entered.headers["location"]) == (303, f"/approvals/{row}")
    (asked_for,) = provider.asked
    assert asked_for["code_challenge_method"] == "S256" and asked_for["scope"] == "openid email profile"
    shown = client.get(f"/approvals/{row}")
    assert "ana@example.com" in shown.text
    assert submit(client, shown, f"/approvals/{row}/approve").status_code == 303
    assert load(page.journal, row).approver == "ana"


def test_whom_the_file_does_not_have_looks_and_does_not_decide(page: Served, provider: Provider) -> None:
    provider.subject = "mallory"
    client = page.client()
    row = asked(page.journal, now=page.clock())
    client.get(sent_back(page, client))
    shown = client.get(f"/approvals/{row}").text
    assert f"{provider.issuer}#mallory is nobody in approvers.yaml" in shown and "Approve</button>" not in shown


def with_claims(**other: Any) -> Callable[[Provider], None]:
    def set_up(provider: Provider) -> None:
        provider.claims = lambda claims: {key: each for key, each in (claims | other).items() if each is not None}

    return set_up


def with_signature(signed: Callable[[Provider, Claims], str]) -> Callable[[Provider], None]:
    def set_up(provider: Provider) -> None:
        provider.signed = signed

    return set_up


def by_our_secret(_provider: Provider, claims: Claims) -> str:
    return encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


def by_another_key(_provider: Provider, claims: Claims) -> str:
    return encode({"alg": "ES256", "kid": "k1"}, claims, ECKey.generate_key("P-256", {"kid": "k1"}))


@pytest.mark.parametrize(
    "set_up",
    [
        with_claims(nonce="another"),
        with_claims(nonce=None),
        with_claims(exp=1_700_000_000),
        with_claims(exp=None),
        with_claims(aud="another-client"),
        with_claims(aud=[CLIENT, "another-client"], azp="another-client"),
        with_claims(iss="https://evil.example.com"),
        with_claims(sub=None),
        with_claims(iat=4_000_000_000),
        with_claims(nbf=4_000_000_000),
        with_signature(unsigned),
        with_signature(by_our_secret),
        with_signature(by_another_key),
        with_signature(lambda _provider, _claims: "no.token"),
    ],
)
def test_an_id_token_that_does_not_hold_logs_nobody_in(
    page: Served, provider: Provider, set_up: Callable[[Provider], None]
) -> None:
    set_up(provider)
    client = page.client()
    refused = client.get(sent_back(page, client))
    assert refused.status_code == 403 and "does not hold" in refused.text
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.copy_set_param("state", "another"), "not begun in this browser"),
        (lambda url: url.copy_remove_param("state"), "not begun in this browser"),
        (lambda url: url.copy_set_param("state", "ü"), "not begun in this browser"),
        (lambda url: url.copy_set_param("code", "another"), "does not redeem its code"),
        (lambda url: url.copy_remove_param("code"), "logged nobody in"),
        (lambda url: url.copy_remove_param("code").copy_set_param("error", "access_denied"), "access_denied"),
        (lambda url: url.copy_set_param("iss", "https://evil.example.com"), "Another provider has answered"),
    ],
)
def test_an_answer_to_something_else_logs_nobody_in(
    page: Served, change: Callable[[httpx.URL], httpx.URL], said: str
) -> None:
    client = page.client()
    refused = client.get(change(httpx.URL(sent_back(page, client))))
    assert refused.status_code == 403 and said in refused.text
    assert client.get("/").status_code == 303


def test_a_login_is_of_the_browser_that_began_it_and_ends_once(page: Served) -> None:
    client, other = page.client(), page.client()
    back = sent_back(page, client)
    assert other.get(back).status_code == 403
    assert client.get(back).status_code == 303
    client.cookies.clear()
    assert client.get(back).status_code == 403


def test_a_code_is_worth_nothing_without_its_verifier(page: Served, provider: Provider) -> None:
    victim, mallory = page.client(), page.client()
    stolen = httpx.URL(sent_back(page, victim)).params["code"]
    back = httpx.URL(sent_back(page, mallory)).copy_set_param("code", stolen)
    refused = mallory.get(back)
    assert refused.status_code == 403 and "invalid_grant" in refused.text


def test_a_provider_that_is_not_who_it_should_be_is_not_asked(page: Served, provider: Provider) -> None:
    provider.metadata = {"issuer": "https://evil.example.com"}
    refused = page.client().get("/login/oidc")
    assert refused.status_code == 502 and "not of this issuer" in refused.text


def test_a_secret_that_cannot_be_read_is_said() -> None:
    settings = OidcSettings(issuer="https://x", client_id="x", client_secret_file=Path("/nowhere/secret"))
    with pytest.raises(UsageError, match=r"web\.oidc\.client_secret_file /nowhere/secret cannot be read"):
        Oidc(settings, "")


# --- a program's ID token ---------------------------------------------------------------------------------


def bearer(page: Served, token: str) -> httpx.Client:
    return page.program(Authorization=f"Bearer {token}")


def of_program(provider: Provider, **changed: Any) -> str:
    """The claims of an ID token that a program has got by itself."""
    now = int(time.time())
    claims = {"iss": provider.issuer, "sub": "ana", "aud": CLIENT, "iat": now, "exp": now + 300, **changed}
    return signed(provider, claims)


def test_a_program_asks_and_decides_as_whom_the_file_says(page: Served, provider: Provider) -> None:
    page.cluster.me = "desk"
    page.cluster.rights = {**page.cluster.rights, "desk": ["impersonate users/ana"]}
    row = asked(page.journal, now=page.clock())
    ana = bearer(page, of_program(provider))
    begun = ana.post("/sessions", json={"session_key": "k", "task": "why does checkout crash?"})
    assert (begun.status_code, begun.json()["requester"]) == (201, "ana")
    assert ana.post(f"/approvals/{row}/approve", json={"digest": "d" * 64}).status_code == 200
    assert load(page.journal, row).approver == "ana"


def test_whoever_is_not_in_the_file_looks_and_asks_for_nothing(page: Served, provider: Provider) -> None:
    eve = bearer(page, of_program(provider, sub="eve"))
    assert eve.get("/sessions").status_code == 200
    refused = eve.post("/sessions", json={"session_key": "k", "task": "why does checkout crash?"})
    assert refused.status_code == 403 and "approvers.yaml" in refused.json()["detail"]


@pytest.mark.parametrize(
    "changed", [{"aud": "another"}, {"exp": 1}, {"iss": "https://evil.example.com"}, {"sub": None}], ids=str
)
def test_an_id_token_that_does_not_hold_is_nobodys(
    page: Served, provider: Provider, changed: dict[str, Any]
) -> None:
    assert bearer(page, of_program(provider, **changed)).get("/sessions").status_code == 401


def test_an_id_token_that_the_provider_has_not_signed_is_nobodys(page: Served, provider: Provider) -> None:
    claims = {"iss": provider.issuer, "sub": "ana", "aud": CLIENT, "iat": 1, "exp": int(time.time()) + 300}
    stranger = encode({"alg": "ES256", "kid": "k1"}, claims, ECKey.generate_key("P-256", {"kid": "k1"}))
    for token in (unsigned(provider, claims), stranger):
        assert bearer(page, token).get("/sessions").status_code == 401
