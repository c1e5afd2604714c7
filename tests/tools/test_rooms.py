"""The rooms that do without the others."""

from __future__ import annotations

from tools.catalog import TOOLS
from tools.rooms import ALONE, tools_for


def test_a_room_has_its_tools_as_the_catalog_has_them() -> None:
    for name in ALONE:
        (tool,) = (each for each in tools_for(name) if each.name == name)
        assert tool in TOOLS


def test_whatever_is_in_no_such_room_has_them_all() -> None:
    assert tools_for("") == tools_for("restart") == TOOLS
