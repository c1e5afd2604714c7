"""Where the tokens of git hosts come from, and that no session writes one down."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.app import open_journal
from agent.errors import UsageError
from agent.git_tokens import git_hosts, git_tokens
from agent.settings import Settings
from tools.git_hosts.repository import Repository

VARIABLES = (
    "GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITLAB_TOKEN",
    "GITLAB_ACCESS_TOKEN",
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_tokens_are_where_gh_and_glab_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, f"of-{name}")

    assert git_tokens(Settings()) == ("of-GH_TOKEN", "of-GITLAB_TOKEN")
    assert git_tokens(Settings(github_host="acme.ghe.com"))[0] == "of-GH_TOKEN"
    assert git_tokens(Settings(github_host="https://git.example.com"))[0] == "of-GH_ENTERPRISE_TOKEN"


def test_a_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-environment")
    file = tmp_path / "token"
    file.write_text("of-the-file\n")

    assert git_tokens(Settings(github_token_file=file)) == ("of-the-file", "")


def test_without_a_token_no_host_is_asked() -> None:
    assert not git_hosts(Settings())
    assert git_hosts(Settings()).of(Repository("github.com", "shop/web")) is None


@pytest.mark.parametrize("held", ["two words", "a\nb", "ключ", "a\x00b"])
def test_what_is_no_token_is_said_without_it(held: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(held)
    with pytest.raises(UsageError, match="holds no token") as told:
        git_tokens(Settings(gitlab_token_file=file))

    assert held not in str(told.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        git_tokens(Settings(github_token_file=tmp_path / "absent"))


def test_what_a_session_writes_holds_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "correct-horse-battery-staple")
    journal = open_journal(Settings(workspace=tmp_path))

    assert "horse" not in journal.redactor.text("GitHub said: correct-horse-battery-staple is expired")
    journal.close()
