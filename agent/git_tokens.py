"""The tokens for git hosts: from the file that a setting names, else from where gh and glab have them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from agent.settings import Settings
    from tools.git_hosts.hosts import GitHosts

# Source: https://cli.github.com/manual/gh_help_environment
_GITHUB = ("GH_TOKEN", "GITHUB_TOKEN")
_GITHUB_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
# Source: https://docs.gitlab.com/cli/#environment-variables
_GITLAB = ("GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN")


def git_hosts(settings: Settings) -> GitHosts:
    """The hosts that there is a token for; raises `UsageError` for a file that holds none."""
    from tools.git_hosts.connect import connected

    github, gitlab = git_tokens(settings)
    return connected((settings.github_host, github), (settings.gitlab_host, gitlab))


def git_tokens(settings: Settings) -> tuple[str, str]:
    """(GitHub's, GitLab's), each empty where there is none."""
    host = settings.github_host.rpartition("://")[2]
    is_public = host == "github.com" or host.endswith(".ghe.com")
    return (
        _token(settings.github_token_file, _GITHUB if is_public else _GITHUB_ENTERPRISE),
        _token(settings.gitlab_token_file, _GITLAB),
    )


def _token(file: Path | None, variables: tuple[str, ...]) -> str:
    told = next(_given(file, variables), ("", ""))
    where, token = told[0], told[1].strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{where} holds no token: it must be one line of printable ASCII. Mend it.")
    return token


def _given(file: Path | None, variables: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if file is not None:
        try:
            yield f"The token file {file}", file.expanduser().read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The token file {file} cannot be read: {error}.") from error
    yield from ((f"The variable {name}", os.environ[name]) for name in variables if os.environ.get(name))
