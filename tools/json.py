"""JSON as Python has it."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
"""An object of JSON."""
