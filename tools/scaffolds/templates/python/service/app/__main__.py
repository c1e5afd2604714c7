"""Serve until SIGTERM; what is being answered then is answered."""

from __future__ import annotations

import signal

import uvicorn

from app import logs
from app.config import from_environment
from app.http import application


def main() -> None:
    """Serve on all addresses of the container. uvicorn stops at SIGTERM, when the last request is answered."""
    config = from_environment()
    logs.set_up(config.log_level)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again at its end, which is to be a good one
    uvicorn.run(
        application(),
        host="0.0.0.0",  # noqa: S104  a container is reached by its pod's address
        port=config.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=config.shutdown_seconds,
    )


if __name__ == "__main__":
    main()
