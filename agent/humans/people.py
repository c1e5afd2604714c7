"""All that talks to people, put together: the clock, what they do in Slack, and what an HTTP server mounts."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.humans.channels import Secrets, notifiers
from agent.humans.clicks import Clicks, Endpoint, PagerDutyEndpoint, SlackEndpoint
from agent.humans.onboarded import Onboarded
from agent.humans.slack import PASSING, Slack, connect
from agent.humans.watch import Watch
from tools.plaintext import one_line

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from agent.settings import ChannelSettings
    from tools.cluster.client import Cluster

RECONNECTS_AFTER_S = 10.0
SLACK_PATH, PAGERDUTY_PATH = "/slack/actions", "/pagerduty/webhook"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class People:
    """The channels of a workspace. Without any, `watch` still lets rows expire."""

    watch: Watch
    endpoints: dict[str, Endpoint]
    """Path -> what answers a POST there, by lower-case headers and the raw body; no more than 1 MiB of it."""
    clicks: Clicks | None
    channels: ChannelSettings
    secrets: Secrets

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, clicks in Slack are taken by Socket Mode, if there is a token for it.

        Raises `UsageError` when Slack does not take the token; a Slack that is not there is asked again.
        """
        if self.clicks is None or not self.secrets.slack_app_token:
            yield
            return
        socket = _socket(self.clicks, self.secrets.slack_app_token, self.channels.slack_api)
        stop = Event()
        connecting = Thread(target=_stay_connected, args=(socket, stop), name="slack-socket", daemon=True)
        try:
            if not _is_connected(socket):
                connecting.start()
            yield
        finally:
            stop.set()
            socket.close()


def people(
    journal: Journal,
    workspace: Path,
    channels: ChannelSettings,
    secrets: Secrets,
    cluster: Callable[[], Cluster],
    *,
    page_url: str = "",
    now: Callable[[], datetime],
) -> People:
    """Put together what is set up. `cluster` connects as Desk, each time anew."""
    found = notifiers(channels, secrets)
    slack = next((each for each in found if isinstance(each, Slack)), None)
    clicks = Clicks(journal, workspace, slack, cluster, now) if slack else None
    endpoints: dict[str, Endpoint] = {}
    if clicks and secrets.slack_signing_secret:
        endpoints[SLACK_PATH] = SlackEndpoint(clicks, secrets.slack_signing_secret, now)
    if secrets.pagerduty_webhook_secret:
        endpoints[PAGERDUTY_PATH] = PagerDutyEndpoint(journal, secrets.pagerduty_webhook_secret)
    watch = Watch(journal, found, now, page_url=page_url, messages=Onboarded(journal))
    return People(watch, endpoints, clicks, channels, secrets)


def _is_connected(socket: Any) -> bool:
    """Connect, and tell whether it is; what the SDK has once connected it keeps up."""
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        socket.connect()
    except SlackApiError as error:
        code = str(error.response.get("error") or "")
        if error.response.status_code == 200 and code not in PASSING:
            raise UsageError(
                f"Slack says {one_line(code, 60)} to what DESK_SLACK_APP_TOKEN has. It must be an app-level token "
                "(xapp-...) with connections:write, and Socket Mode turned on: docs/approvals.md."
            ) from error
    except (SlackClientError, OSError, HTTPException, ValueError) as error:
        log.warning("Socket Mode: %s", type(error).__name__)
    else:
        return True
    return False


def _stay_connected(socket: Any, stop: Event) -> None:
    with contextlib.suppress(UsageError):
        while not stop.wait(RECONNECTS_AFTER_S) and not _is_connected(socket):
            log.warning("Socket Mode: trying again")


def _socket(clicks: Clicks, app_token: str, api: str) -> Any:
    from slack_sdk.socket_mode import SocketModeClient
    from slack_sdk.socket_mode.response import SocketModeResponse

    def take(socket: Any, request: Any) -> None:
        socket.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        if request.type == "interactive":
            clicks.take(request.payload)

    socket = SocketModeClient(app_token, web_client=connect("", api))
    socket.socket_mode_request_listeners.append(take)
    return socket
