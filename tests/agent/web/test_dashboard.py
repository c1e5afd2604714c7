"""The dashboard in deploy/ asks for what is scraped, and leaves none of it out."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.summary import summarize
from agent.redaction import Redactor
from agent.web.metrics import Metrics

DASHBOARD = Path(__file__).parents[3] / "deploy" / "grafana" / "desk.json"


def test_it_shows_each_metric_that_there_is(tmp_path: Path) -> None:
    journal = Journal(SqliteStore(tmp_path / "journal.db"), Redactor())
    text = Metrics(journal, lambda: summarize(tmp_path)).scraped().decode()
    scraped = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }
    asked = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]

    assert {name for expression in asked for name in re.findall(r"\bdesk_\w+", expression)} == scraped
    assert len(scraped) > 8
