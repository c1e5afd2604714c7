"""When a CronJob runs."""

from __future__ import annotations

from collections.abc import Iterator

from tools.diagnose.facts.schedule import parsed, zone_of
from tools.validation.fault import Fault
from tools.validation.rule import Context, Rule

_SYNTAX = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax"


def _invalid(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("CronJob"):
        schedule, zone = each.spec.get("schedule"), each.spec.get("timeZone")
        if isinstance(schedule, str) and not schedule.startswith("@every ") and parsed(schedule) is None:
            if "TZ=" in schedule:
                says = f"the schedule {schedule!r} has a time zone: spec.timeZone is for that"
            else:
                says = f"the schedule {schedule!r} cannot be read, or its day never comes"
            yield Fault(each, ("spec", "schedule"), says)
        if isinstance(zone, str) and zone_of(zone) is None:
            yield Fault(each, ("spec", "timeZone"), f"there is no time zone {zone!r}")


RULES = (
    Rule(
        "InvalidSchedule",
        "error",
        "A CronJob's schedule or time zone cannot be read.",
        "The API server refuses it.",
        "Minute, hour, day of month, month, day of week: `30 3 * * 1-5`; the zone as in Europe/Berlin.",
        _SYNTAX,
        _invalid,
        of_text=True,
    ),
)
