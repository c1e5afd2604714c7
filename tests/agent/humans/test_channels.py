"""What is set up, what is missing, and where a secret may stand."""

from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.humans.channels import Secrets, missing, notifiers, secrets_of
from agent.settings import ChannelSettings


def of_file(tmp_path: Path, text: str, mode: int = 0o600) -> ChannelSettings:
    file = tmp_path / "channels.env"
    file.write_text(text)
    file.chmod(mode)
    return ChannelSettings(secrets_file=file)


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    channels = of_file(tmp_path, "# Desk\nDESK_SLACK_BOT_TOKEN=xoxb-file\n\nDESK_PAGERDUTY_ROUTING_KEY='R1'\n")
    found = secrets_of(channels, {"DESK_SLACK_BOT_TOKEN": "xoxb-given\n", "DESK_SLACK_APP_TOKEN": ""})
    assert (found.slack_bot_token, found.pagerduty_routing_key, found.slack_app_token) == ("xoxb-given", "R1", "")
    assert sorted(found.literals) == ["R1", "xoxb-given"]
    assert "xoxb" not in repr(found)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("DESK_SLACK_BOT_TOKEN=xoxb-1", 0o640, "others may read it. Next: chmod 600"),
        ("SLACK_TOKEN=xoxb-1", 0o600, "line 1: no variable that is known. Known: DESK_SLACK_BOT_TOKEN"),
        ("xoxb-1", 0o600, "line 1"),
    ],
)
def test_a_file_of_secrets_that_is_wrong(tmp_path: Path, text: str, mode: int, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        secrets_of(of_file(tmp_path, text, mode), {})
    assert "xoxb" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: FileNotFoundError"):
        secrets_of(ChannelSettings(secrets_file=tmp_path / "none"), {})


def test_a_webhook_has_to_be_secret_on_its_way() -> None:
    with pytest.raises(UsageError, match="no https:// URL") as refused:
        secrets_of(ChannelSettings(), {"DESK_TEAMS_WEBHOOK_URL": "http://example.com/played-secret"})
    assert "played-secret" not in str(refused.value)


def test_what_is_missing_is_told_by_channel() -> None:
    lacks = missing(ChannelSettings(), Secrets())
    assert list(lacks) == ["slack", "teams", "pagerduty"]
    assert "channels.slack_channel in desk.yaml" in lacks["slack"]
    assert (lacks["teams"], lacks["pagerduty"]) == ("DESK_TEAMS_WEBHOOK_URL", "DESK_PAGERDUTY_ROUTING_KEY")
    whole = Secrets("xoxb-1", "xapp-1", "", "https://example.com/x", "R1", "")
    channels = ChannelSettings(slack_channel="C1")
    assert set(missing(channels, whole).values()) == {""}
    assert [each.name for each in notifiers(channels, whole)] == ["slack", "teams", "pagerduty"]
    assert notifiers(channels, Secrets()) == []
    assert notifiers(channels, Secrets("xoxb-1")) == []  # nobody would hear its buttons
