"""The port's one implementation."""

import re
import subprocess
import sys
from pathlib import Path

from agent.journal.port import Store
from agent.journal.sqlite import SqliteStore
from tools.scaffolds.templates import TEMPLATES

ROOT = Path(__file__).parents[3]
SQL = re.compile(r"sqlite3|\b(SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA)\b")


def test_the_file_is_a_store(tmp_path: Path) -> None:
    store: Store = SqliteStore(tmp_path / "journal.db")
    assert store.rows() == []
    store.close()


def test_sql_stands_in_one_module_a_store() -> None:
    modules = [module for folder in ("agent", "tools") for module in (ROOT / folder).rglob("*.py")]
    own = [each for each in modules if not each.is_relative_to(TEMPLATES)]
    assert sorted(str(each.relative_to(ROOT)) for each in own if SQL.search(each.read_text())) == [
        "agent/journal/postgres.py",
        "agent/journal/sqlite.py",
    ]


def test_the_store_is_read_without_the_events_types() -> None:
    imported = (
        "import sys, agent.journal.summary; print(*(name for name in sys.modules if name.startswith('agent')))"
    )
    names = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True).stdout
    assert not {"agent.journal.events", "agent.redaction"} & set(names.split())
