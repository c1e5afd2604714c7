"""A kubeconfig: contexts come and go, and what Desk did not write is left alone."""

from __future__ import annotations

import base64
import json

import pytest

from tools.changes.kubeconfig_file import Context, claims_in, parsed, text, with_context, without_context
from tools.errors import ToolFailed

DEV = Context("web-dev", "member-ann-1", "https://cluster.example.com:6443", b"-----BEGIN CERTIFICATE-----")
QA = Context("web-qa", "member-ann-1", DEV.server, DEV.authority)


ADMINS = b"{kind: Config, users: [{name: admin, user: {token: t}}]}"


def token(**claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def test_contexts_are_added_replaced_and_taken_out() -> None:
    one = with_context(None, DEV, "a", "f")
    two = with_context(parsed(text(one), "f"), QA, "b", "f")
    again = with_context(two, DEV, "c", "f")
    assert {each["name"]: each["user"]["token"] for each in again["users"]} == {DEV.user: "c", QA.user: "b"}
    assert again["current-context"] == "web-dev"
    assert again["clusters"][0]["cluster"]["server"] == DEV.server
    left = without_context(again, DEV)
    assert left is not None
    assert [each["name"] for each in left["contexts"]] == [left["current-context"]] == ["web-qa"]
    assert "c" not in [each["user"]["token"] for each in left["users"]]
    assert without_context(left, QA) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"a: b",
        b"{",
        ADMINS,
    ],
)
def test_a_file_that_desk_did_not_write_is_refused(content: bytes) -> None:
    with pytest.raises(ToolFailed, match="no kubeconfig that Desk wrote"):
        parsed(content, "/home/ann/.kube/config")


def test_a_file_for_another_cluster_is_refused() -> None:
    other = Context("web-dev", DEV.account, "https://other.example.com", b"")
    with pytest.raises(ToolFailed, match="for another cluster"):
        with_context(with_context(None, DEV, "a", "f"), other, "b", "f")


def test_what_a_token_says_of_itself() -> None:
    bound = {"serviceaccount": {"uid": "u1"}, "secret": {"uid": "u2"}}
    good = with_context(None, DEV, token(exp=4, **{"kubernetes.io": bound}), "f")
    claims = claims_in(good, DEV)
    assert claims is not None
    assert (claims.account_uid, claims.secret_uid, claims.expires_at) == ("u1", "u2", 4.0)
    assert claims_in(good, QA) is None
    for odd in ("", "x", "a.b.c", token(exp=4), token(exp="soon", **{"kubernetes.io": bound})):
        assert claims_in(with_context(None, DEV, odd, "f"), DEV) is None
