"""Names that Desk gives what it makes in a namespace, for those who make it and those who look for it."""

from __future__ import annotations

WHY = "desk.dev/why"
"""Annotation: what an object is for."""
CI_ACCOUNT = "ci"
"""The ServiceAccount of a namespace's pipelines."""
