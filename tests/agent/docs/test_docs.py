"""The tables in docs/ are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.docs.tables import TABLES, with_tables, write

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("file", sorted(DOCS.glob("*.md")), ids=lambda file: file.name)
def test_a_page_has_the_code_s_tables(file: Path) -> None:
    assert with_tables(file.read_text()) == file.read_text(), "make docs writes them anew"


def test_every_table_stands_on_a_page() -> None:
    shown = re.findall(r"<!-- table ([\w-]+) -->", "".join(file.read_text() for file in DOCS.glob("*.md")))
    assert sorted(shown) == sorted(TABLES)


def test_a_table_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("<!-- table nothing -->\n<!-- end -->\n")
    with pytest.raises(KeyError):
        write(tmp_path)


def test_links_between_the_pages_lead_somewhere() -> None:
    for file in DOCS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", file.read_text()):
            assert (file.parent / link).exists(), f"{file.name}: {link}"
