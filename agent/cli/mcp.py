"""mcp: what Desk knows, for other agents."""

from __future__ import annotations

import os
from typing import Any

import click

from agent.cli.help import Command
from agent.cli.options import common, running, settings
from agent.errors import UsageError

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command(cls=Command)
@click.option(
    "--http", "address", metavar="HOST:PORT", help="Speak streamable HTTP there. Default: stdin and stdout."
)
@running
@common
def mcp(address: str | None, **given: Any) -> None:
    """Serve other agents by the Model Context Protocol: diagnose, explain, validate, propose a change.

    Nothing is approved through it, and no cluster is given away: a change that is proposed waits for a person in
    every environment. Over HTTP a client needs the token of DESK_MCP_TOKEN; without one, a new token is printed.
    """
    try:
        from agent.mcp.server import new_token, serve_http, serve_stdio
    except ImportError as error:
        raise UsageError(f"This needs the MCP SDK ({error}). Install it: pip install 'desk-agent[mcp]'.") from error
    configured = settings(given)
    if address is None:
        return serve_stdio(configured)
    host, port = _parsed(address)
    token = os.environ.get("DESK_MCP_TOKEN", "")
    if not token:
        if host not in _LOOPBACK:
            raise UsageError(f"{host} is reached by others: set DESK_MCP_TOKEN, and put TLS before it.")
        token = new_token()
        click.echo(f"Authorization: Bearer {token}", err=True)
    click.echo(f"http://{address}/mcp", err=True)
    return serve_http(configured, host, port, token)


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"--http {address} is no HOST:PORT. Say it as 127.0.0.1:8321.")
    return host.strip("[]"), int(port)
