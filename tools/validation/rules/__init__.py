"""Every rule of `validate`, a module a subject."""

from __future__ import annotations

from tools.validation.rule import Rule
from tools.validation.rules import (
    access,
    apis,
    availability,
    files,
    images,
    names,
    pods,
    probes,
    references,
    resources,
    schedules,
    schemas,
    secrets,
    security,
    traffic,
)

RULES: tuple[Rule, ...] = (
    *files.RULES,
    *schemas.RULES,
    *apis.RULES,
    *names.RULES,
    *pods.RULES,
    *probes.RULES,
    *resources.RULES,
    *images.RULES,
    *security.RULES,
    *access.RULES,
    *schedules.RULES,
    *availability.RULES,
    *traffic.RULES,
    *references.RULES,
    *secrets.RULES,
)
