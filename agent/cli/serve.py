"""serve: the web page."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pwd
import sys
from typing import TYPE_CHECKING, Any

import click

from agent.cli.help import Command
from agent.cli.options import places, settings
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.web.api.launching import Launcher
    from agent.web.site import Logins, Site
    from agent.web.visits import Visitor
    from tools.cluster.client import HttpCluster

PORT = 8470


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", help="Address to serve at. Default: this machine alone.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, help=f"Default: {PORT}; 0: one that is free.")
@places
def serve(host: str, port: int, **given: Any) -> None:
    """Serve the web page: sessions, live; approvals, and the deciding of them; incidents; the journal.

    For this machine alone, a link that works once logs you in. For others, `web` in desk.yaml says where the page
    is and how people log in; without that no other address is served. It also does what `desk watch` does.
    """
    try:
        from agent.web.server import Server, listen
    except ImportError as error:
        raise UsageError(
            f"The web page needs more than Desk itself ({error}). Install it: pip install 'desk-agent[web]'."
        ) from error
    from agent.app import running

    configured = settings(given)
    _refuse_strangers(host, configured)
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listen(host, port))
        site = _site(configured, listening.getsockname()[1], stack)
        stack.enter_context(running(configured, _launcher(configured, stack)))
        click.echo(f"Desk's page is at {site.origin.url}; Ctrl-C ends it.")
        site.offer_link()
        Server(site).run(sockets=[listening])


def _refuse_strangers(host: str, configured: Settings) -> None:
    """Raises `UsageError` where somebody could reach the page and nothing says who they are."""
    web = configured.web
    has_login = web.oidc is not None or web.token_review
    if web.url and has_login:
        return
    if web.url or has_login:
        missing = (
            "a login (web.oidc, or web.token_review: true)" if web.url else "web.url, the page's https address"
        )
        raise UsageError(f"web in desk.yaml lacks {missing}, so nothing is served: docs/web.md says how.")
    if not _is_loopback(host):
        raise UsageError(
            f"At {host} others reach the page, and nothing says who they are, so nothing is served. Next: set "
            "web.url and a login (web.oidc, or web.token_review: true) in desk.yaml, as docs/web.md says; or leave "
            "--host out."
        )


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _site(configured: Settings, port: int, stack: contextlib.ExitStack) -> Site:
    from agent.app import open_journal, watching
    from agent.web.guard import Origin
    from agent.web.site import Site
    from agent.workspace.discovery import refuse_unless_workspace

    refuse_unless_workspace(configured.workspace)
    origin = Origin((configured.web.url or f"http://127.0.0.1:{port}").rstrip("/"))
    cluster = _cluster(configured)
    secrets = (cluster.bearer_token() or "",)
    return Site(
        workspace=configured.workspace,
        database=configured.journal,
        journal=stack.enter_context(contextlib.closing(open_journal(configured, secrets))),
        open_journal=lambda: open_journal(configured, secrets),
        cluster=cluster,
        origin=origin,
        logins=_logins(configured, cluster, origin.url),
        endpoints=stack.enter_context(watching(configured)),
        callback_hosts=configured.web.callback_hosts,
        say=click.echo,
    )


def _launcher(configured: Settings, stack: contextlib.ExitStack) -> Launcher:
    """Who runs what programs ask for: Jobs, or this very program on this machine, with the same workspace."""
    if configured.web.sessions_in == "jobs":
        from agent.app import dispatcher_of
        from agent.web.api.jobs import Jobs

        return Jobs(stack.enter_context(dispatcher_of(configured)))
    from agent.web.api.launching import Processes

    given = [
        ("journal", configured.journal),
        ("kubeconfig", configured.kubeconfig),
        ("context", configured.context),
    ]
    flags = [f"--{name}={value}" for name, value in given if value is not None]
    workspace = f"--workspace={configured.workspace.resolve()}"
    return Processes([sys.executable, "-m", "agent", "run", workspace, *flags, "--output=json"])


def _cluster(configured: Settings) -> HttpCluster:
    """The cluster whose users decide; none where there is none, and then the page is looked at only."""
    from tools.cluster.absent import AbsentCluster
    from tools.cluster.connect import Where, connect
    from tools.cluster.errors import ClusterSettingsError

    try:
        return connect(Where(configured.kubeconfig, configured.context), timeout_s=configured.api_timeout_s)
    except ClusterSettingsError as error:
        if configured.kubeconfig or configured.context or configured.web.token_review:
            raise
        return AbsentCluster(str(error))


def _logins(configured: Settings, cluster: HttpCluster, url: str) -> Logins:
    from agent.web.logins import KubernetesTokens, Link
    from agent.web.oidc import Oidc
    from agent.web.site import Logins

    web = configured.web
    if web.url is None:
        return Logins(link=Link(_whoever_started_it(cluster)))
    if web.token_review:
        _refuse_unless_it_may_review(cluster)
    return Logins(
        tokens=KubernetesTokens(cluster) if web.token_review else None,
        oidc=Oidc(web.oidc, f"{url}/login/oidc/callback") if web.oidc else None,
    )


def _refuse_unless_it_may_review(cluster: HttpCluster) -> None:
    from tools.cluster.client import Access

    if not cluster.may(Access("create", "authentication.k8s.io", "tokenreviews", None)):
        raise UsageError(
            "web.token_review is on, and Desk may not create tokenreviews on this cluster, so nobody could log in. "
            "Next: bind Desk's account to the ClusterRole system:auth-delegator, or leave token_review out."
        )


def _whoever_started_it(cluster: HttpCluster) -> Visitor:
    """Who the cluster says it is; where it says nothing, their name on this machine, which decides nothing."""
    from agent.humans.approvers import KubernetesUser
    from agent.web.visits import Visitor
    from tools.cluster.errors import ClusterError

    try:
        user = cluster.whoami().username
    except ClusterError as error:
        click.echo(f"The cluster does not say who you are, so you may look, and not decide: {error}", err=True)
        user = ""
    if user:
        return Visitor(user, KubernetesUser(user), is_own_login=True)
    return Visitor(pwd.getpwuid(os.geteuid()).pw_name, None)
