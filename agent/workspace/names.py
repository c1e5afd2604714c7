"""The files of a workspace by their names, and how each begins. Every command needs these: they import nothing."""

from __future__ import annotations

from collections.abc import Mapping

WORKING = "working/WORKING.md"
LOGS = "logs/LOGS.md"
INCIDENTS = "incidents/INCIDENTS.md"
TITLES: Mapping[str, bytes] = {WORKING: b"# WORKING\n", LOGS: b"# LOGS\n", INCIDENTS: b"# INCIDENTS\n"}
SETTINGS_FILE = "desk.yaml"
APPROVERS_FILE = "approvers.yaml"
MADE_BY_INIT: Mapping[str, bytes] = {
    **TITLES,
    SETTINGS_FILE: b"# A workspace of Desk. Its settings stand here; what is not set has its default.\n",
}
