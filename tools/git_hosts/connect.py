"""The git hosts of the tokens that there are."""

from __future__ import annotations

from tools.git_hosts.github import GitHub
from tools.git_hosts.gitlab import GitLab
from tools.git_hosts.hosts import GitHost, GitHosts


def connected(github: tuple[str, str], gitlab: tuple[str, str]) -> GitHosts:
    """Of each (host, token): a host may be a URL with its scheme; an empty token is none."""
    hosts: dict[str, GitHost] = {}
    if github[1]:
        hosts[_named(github[0])] = GitHub(*github)
    if gitlab[1]:
        hosts[_named(gitlab[0])] = GitLab(*gitlab)
    return GitHosts(hosts)


def _named(host: str) -> str:
    return host.rpartition("://")[2].lower()
