"""What is read at GitHub and GitLab, over HTTP, and why a host did not tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tools.git_hosts.server import (
    TOKEN,
    Answer,
    GitServer,
    git_server,
    github_delivery,
    github_hook,
    gitlab_event,
    gitlab_hook,
)
from tools.git_hosts import api
from tools.git_hosts.connect import connected
from tools.git_hosts.github import GitHub, base_of
from tools.git_hosts.gitlab import GitLab
from tools.git_hosts.hosts import LOOKED_AT, Hook, NotRead, commits_of
from tools.git_hosts.repository import Repository, repository_of

SHA = [f"{number:x}" * 40 for number in range(1, 16)]
REPOSITORY = Repository("git.example.com", "shop/checkout")
NESTED = Repository("git.example.com", "shop/backend/checkout")


@pytest.fixture
def server() -> Iterator[GitServer]:
    with git_server() as serving:
        yield serving


def test_webhooks_of_github_are_read_page_by_page(server: GitServer) -> None:
    server.hooks[REPOSITORY.path] = [
        github_hook(1, "https://el.example.com/"),
        github_hook(2, "https://argocd.example.com/api/webhook", active=False),
        github_hook(3, "https://chat.example.com/"),
    ]
    hooks = GitHub(server.url, TOKEN).hooks(REPOSITORY)

    assert [each.id for each in hooks] == ["1", "2", "3"]
    assert hooks[1] == Hook(
        "2",
        "https://argocd.example.com/api/webhook",
        f"{server.url}/shop/checkout/settings/hooks/2?tab=deliveries",
        "it is not active",
    )
    assert server.asked[0][0] == "/api/v3/repos/shop/checkout/hooks?per_page=100"


def test_the_deliveries_of_github_are_looked_into_until_the_commit_is_found(server: GitServer) -> None:
    server.deliveries[REPOSITORY.path, 1] = [
        github_delivery(9, "2026-01-02T10:00:00Z", 200, SHA[0], event="ping"),
        github_delivery(8, "2026-01-02T09:00:00Z", 503, SHA[1], said="Service Unavailable"),
        github_delivery(7, "2026-01-02T08:00:00Z", 202, SHA[2]),
        github_delivery(6, "2026-01-02T07:00:00Z", 202, SHA[3]),
    ]
    deliveries = GitHub(server.url, TOKEN).deliveries(REPOSITORY, Hook("1", "", ""), SHA[2][:8])

    assert [(each.status, each.commits) for each in deliveries] == [
        (503, (SHA[1],)), (202, (SHA[2],)), (202, None),
    ]  # fmt: skip
    assert (deliveries[0].failed, deliveries[0].said) == (True, "Service Unavailable")
    assert deliveries[0].at is not None and deliveries[0].at.timestamp() == 1_767_344_400
    host = server.url.removeprefix("http://")
    again = f"gh api --hostname {host} -X POST repos/shop/checkout/hooks/1/deliveries/8/attempts"
    assert deliveries[0].again == again


def test_no_more_is_asked_than_the_newest(server: GitServer) -> None:
    server.deliveries[REPOSITORY.path, 1] = [
        github_delivery(number, "2026-01-02T10:00:00Z", 200, sha) for number, sha in enumerate(SHA)
    ]
    deliveries = GitHub(server.url, TOKEN).deliveries(REPOSITORY, Hook("1", "", ""), "fedcba9")

    assert len(deliveries) == LOOKED_AT
    assert len(server.asked) == LOOKED_AT + LOOKED_AT / 2  # each one, and five pages of two


def test_gitlab_tells_of_a_project_in_groups(server: GitServer) -> None:
    server.hooks[NESTED.path] = [
        gitlab_hook(1, "https://el.example.com/"),
        gitlab_hook(2, "https://el.example.com/b", "disabled"),
    ]
    server.deliveries[NESTED.path, 1] = [
        gitlab_event(5, "Fri, 02 Jan 2026 10:00:00 GMT", "internal error", SHA[0]),
        gitlab_event(4, "Fri, 02 Jan 2026 09:00:00 GMT", "200", SHA[1], trigger="note_hooks"),
        gitlab_event(3, "nonsense", "200", SHA[2]),
    ]
    gitlab = GitLab(server.url, TOKEN)
    hooks = gitlab.hooks(NESTED)
    deliveries = gitlab.deliveries(NESTED, hooks[0], SHA[2])

    assert [each.off for each in hooks] == ["", "GitLab has switched it off (disabled)"]
    assert hooks[0].page == f"{server.url}/shop/backend/checkout/-/hooks/1/edit"
    assert [(each.status, each.said, each.commits) for each in deliveries] == [
        (0, "internal error", (SHA[0],)), (200, "", (SHA[2],)),
    ]  # fmt: skip
    assert [each.at is not None for each in deliveries] == [True, False]
    assert deliveries[0].again.endswith("projects/shop%2Fbackend%2Fcheckout/hooks/1/events/5/resend")
    assert server.asked[0][0].startswith("/api/v4/projects/shop%2Fbackend%2Fcheckout/hooks")


@pytest.mark.parametrize(
    ("instead", "why"),
    [
        (Answer(401), r"does not take the token \(401\)"),
        (Answer(403), r"does not let the token read webhooks \(403\)"),
        (Answer(404), r"no such repository, or the token may not see its webhooks \(404\)"),
        (
            Answer(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767348000"}),
            r"\(403\) until 10:00 UTC",
        ),
        (Answer(429, {"Retry-After": "30"}), r"lets nobody ask more for now \(429\) for 30 s"),
        (Answer(429, {"RateLimit-Reset": "9" * 40}), r"lets nobody ask more for now \(429\)$"),
        (Answer(500), "answers 500"),
        (Answer(301, {"Location": "https://elsewhere.example.com/"}), r"the repository has moved \(301\)"),
        (Answer(200, body="<html>sign in</html>"), "answers something else than its API does"),
        (Answer(200, body='{"a": 1}'), "answers something else than its API does"),
    ],
)
@pytest.mark.parametrize("make", [GitHub, GitLab])
def test_why_a_host_does_not_tell(
    server: GitServer, make: type[GitHub | GitLab], instead: Answer, why: str
) -> None:
    server.instead = instead
    with pytest.raises(NotRead, match=why) as told:
        make(server.url, TOKEN).hooks(REPOSITORY)

    assert TOKEN not in str(told.value)
    assert len(server.asked) == 1


def test_a_host_that_says_nothing(server: GitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.instead = Answer(200, silent_s=30)
    quick = api.Api(f"{server.url}/api/v3", {"Authorization": TOKEN}, timeout_s=0.2)
    with pytest.raises(NotRead, match=r"does not answer within 0\.2 s"):
        quick.get("/repos/shop/checkout/hooks")

    assert TOKEN not in repr(quick)


def test_a_host_that_is_not_there() -> None:
    with git_server() as gone:
        url = gone.url
    with pytest.raises(NotRead, match=r"does not answer \(ConnectError\)"):
        GitHub(url, TOKEN).hooks(REPOSITORY)


def test_a_next_page_elsewhere_gets_no_token(server: GitServer) -> None:
    server.hooks[REPOSITORY.path] = [github_hook(number, "https://el.example.com/") for number in range(3)]
    with git_server() as other:
        server.following = other.url
        hooks = GitHub(server.url, TOKEN).hooks(REPOSITORY)

        assert (len(hooks), other.asked) == (2, [])


def test_a_token_is_for_its_own_host() -> None:
    hosts = connected(("github.com", TOKEN), ("https://git.example.com:8443", TOKEN))
    told = {
        url: hosts.of(repository) is not None
        for url in (
            "https://github.com/shop/checkout",
            "git@github.com:shop/checkout.git",
            "https://GitHub.com/shop/checkout",
            "https://git.example.com:8443/shop/checkout",
            "https://git.example.com/shop/checkout",
            "https://github.com.evil.example.com/shop/checkout",
            "https://github.com@evil.example.com/shop/checkout",
            "https://evil.example.com/github.com/checkout",
        )
        if (repository := repository_of(url)) is not None
    }
    assert list(told.values()) == [True, True, True, True, False, False, False, False]
    assert not connected(("github.com", ""), ("gitlab.com", ""))


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("github.com", "https://api.github.com"),
        ("acme.ghe.com", "https://api.acme.ghe.com"),
        ("git.example.com", "https://git.example.com/api/v3"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v3"),
    ],
)
def test_where_the_api_of_github_is(host: str, base: str) -> None:
    assert base_of(host) == base


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://github.com/shop/checkout.git", "github.com/shop/checkout"),
        ("git@github.com:shop/checkout.git", "github.com/shop/checkout"),
        ("ssh://git@gitlab.example.com:2222/a/b/c.git/", "gitlab.example.com/a/b/c"),
        ("https://user:secret@git.example.com/a/b", "git.example.com/a/b"),
        ("oci://registry.example.com/charts/web", None),
        ("https://github.com/a/../b", None),
        ("https://github.com/", None),
        ("registry.example.com:5000/shop/web", None),
        ("https://[broken/a/b", None),
        ("https://host:port/a/b", None),
        ("", None),
    ],
)
def test_which_repository_a_url_names(url: str, named: str | None) -> None:
    repository = repository_of(url)

    assert (str(repository) if repository else None) == named


def test_a_body_is_read_as_far_as_it_is_as_documented() -> None:
    assert commits_of({"after": SHA[0], "commits": [{"id": SHA[1]}, "x", None]}) == (SHA[0], SHA[1])
    assert commits_of({"pull_request": {"head": {"sha": SHA[2].upper()}}}) == (SHA[2],)
    assert commits_of({"object_attributes": {"last_commit": {"id": SHA[3]}}}) == (SHA[3],)
    nonsense: object
    for nonsense in (None, "x", [], {"commits": "x", "after": 1, "pull_request": [], "head_commit": 3}):
        assert commits_of(nonsense) == ()
