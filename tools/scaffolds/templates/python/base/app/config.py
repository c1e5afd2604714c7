"""Settings, all of them from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """What the environment says; a missing variable has the default that stands here."""

    log_level: str
#% if serves
    port: int
    shutdown_seconds: int
#% endif
#% if type == "worker"
    interval_seconds: float
#% endif


def from_environment() -> Config:
    """Read the settings. Raises `ValueError` for a number that is none."""
    return Config(
        log_level=os.environ.get("LOG_LEVEL", "info").upper(),
#% if serves
        port=int(os.environ.get("PORT", "«port»")),
        shutdown_seconds=int(os.environ.get("SHUTDOWN_SECONDS", "20")),
#% endif
#% if type == "worker"
        interval_seconds=float(os.environ.get("INTERVAL_SECONDS", "10")),
#% endif
    )
