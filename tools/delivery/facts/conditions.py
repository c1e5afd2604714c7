"""The condition Ready, as operators write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.json import Json


def ready(item: Json) -> Json:
    """The condition of the type Ready; empty where there is none yet."""
    conditions = (item.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == "Ready"), {})


def is_ready(item: Json) -> bool:
    """Whether it is ready, or nobody has said that it is not."""
    return ready(item).get("status") != "False"
