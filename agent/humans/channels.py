"""The channels that are set up, with their secrets: from the environment, or a file that is its owner's alone.

A secret stands in no settings file, and is masked wherever it comes up.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.humans.port import Notifier
    from agent.settings import ChannelSettings


def _secret(variable: str) -> str:
    secret: str = field(default="", repr=False, metadata={"variable": variable})
    return secret


@dataclass(frozen=True, slots=True)
class Secrets:
    """What each channel is asked with; empty: it is not set up."""

    slack_bot_token: str = _secret("DESK_SLACK_BOT_TOKEN")
    slack_app_token: str = _secret("DESK_SLACK_APP_TOKEN")
    slack_signing_secret: str = _secret("DESK_SLACK_SIGNING_SECRET")
    teams_webhook_url: str = _secret("DESK_TEAMS_WEBHOOK_URL")
    pagerduty_routing_key: str = _secret("DESK_PAGERDUTY_ROUTING_KEY")
    pagerduty_webhook_secret: str = _secret("DESK_PAGERDUTY_WEBHOOK_SECRET")

    @property
    def literals(self) -> tuple[str, ...]:
        """What a redactor must mask."""
        return tuple(value for each in fields(self) if (value := getattr(self, each.name)))


VARIABLES = {each.metadata["variable"]: each.name for each in fields(Secrets)}


def secrets_of(channels: ChannelSettings, environment: Mapping[str, str] | None = None) -> Secrets:
    """The secrets; a variable beats the file. Raises `UsageError` that tells no secret."""
    given = os.environ if environment is None else environment
    found = _in_file(channels.secrets_file.expanduser()) if channels.secrets_file else {}
    found |= {name: given[variable].strip() for variable, name in VARIABLES.items() if given.get(variable)}
    secrets = Secrets(**found)
    if secrets.teams_webhook_url and not secrets.teams_webhook_url.startswith(("https://", "http://127.0.0.1")):
        raise UsageError("DESK_TEAMS_WEBHOOK_URL is no https:// URL. Copy it from the workflow in Teams.")
    return secrets


def _in_file(file: Path) -> dict[str, str]:
    """Lines `DESK_SLACK_BOT_TOKEN=xoxb-...`."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise UsageError(f"{file} holds secrets, and others may read it. Next: chmod 600 {file}")
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The file of secrets {file} cannot be read: {type(error).__name__}.") from error
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        variable, _, value = line.partition("=")
        if variable.strip() not in VARIABLES:
            raise UsageError(f"{file}, line {number}: no variable that is known. Known: {', '.join(VARIABLES)}.")
        found[VARIABLES[variable.strip()]] = value.strip().strip("'\"")
    return found


def missing(channels: ChannelSettings, secrets: Secrets) -> dict[str, str]:
    """Of each channel what is missing to use it, and how to get it; empty where it is set up. In order of use."""
    slack = []
    if not secrets.slack_bot_token:
        slack.append("DESK_SLACK_BOT_TOKEN (xoxb-...)")
    if not channels.slack_channel:
        slack.append("channels.slack_channel in desk.yaml (its id, C...)")
    if not (secrets.slack_app_token or secrets.slack_signing_secret):
        slack.append("DESK_SLACK_APP_TOKEN (xapp-..., Socket Mode) or DESK_SLACK_SIGNING_SECRET, to decide there")
    return {
        "slack": ", ".join(slack),
        "teams": "" if secrets.teams_webhook_url else "DESK_TEAMS_WEBHOOK_URL",
        "pagerduty": "" if secrets.pagerduty_routing_key else "DESK_PAGERDUTY_ROUTING_KEY",
    }


def notifiers(channels: ChannelSettings, secrets: Secrets) -> list[Notifier]:
    """The channels that are set up, in the order in which people are asked; no card whose buttons nobody hears."""
    found: list[Notifier] = []
    if channels.slack_channel and not missing(channels, secrets)["slack"]:
        from agent.humans.slack import Slack, connect

        found.append(Slack(connect(secrets.slack_bot_token, channels.slack_api), channels.slack_channel))
    if secrets.teams_webhook_url:
        from agent.humans.teams import Teams

        found.append(Teams(secrets.teams_webhook_url))
    if secrets.pagerduty_routing_key:
        from agent.humans.pagerduty import PagerDuty

        found.append(PagerDuty(secrets.pagerduty_routing_key, channels.pagerduty_api))
    return found
