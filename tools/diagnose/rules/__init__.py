"""The rules: what can be wrong, each a pure function from a snapshot to findings."""

from __future__ import annotations

from collections.abc import Callable

from tools.diagnose.findings import Finding
from tools.diagnose.rules.configuration import create_container_config_error
from tools.diagnose.rules.crash import crash_loop
from tools.diagnose.rules.image import image_pull
from tools.diagnose.rules.memory import oom_killed
from tools.diagnose.rules.pending import pending
from tools.diagnose.snapshot import Snapshot

Rule = Callable[[Snapshot], list[Finding]]

RULES: tuple[Rule, ...] = (
    oom_killed,
    crash_loop,
    image_pull,
    create_container_config_error,
    pending,
)
