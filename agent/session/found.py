"""What a session has found, with its evidence, as its diagnoses say it. Pure."""

from __future__ import annotations

from agent.journal.view import SessionView
from tools.json import Json

MAX_FOUND = 10
_EVIDENCE_CHARACTERS = 200


def found(view: SessionView) -> list[str]:
    """What the newest diagnoses of a session say, one line a finding, with its first piece of evidence."""
    told = (
        result.data["findings"] for result in view.results.values() if result.data and "findings" in result.data
    )
    return list(dict.fromkeys(_line(each) for findings in reversed(list(told)) for each in findings))[:MAX_FOUND]


def _line(finding: Json) -> str:
    what = f"{finding['object']['kind']}/{finding['object']['name']}: {finding['summary']}"
    evidence = " ".join(finding["evidence"][0]["text"].split()) if finding["evidence"] else ""
    return f"{what} ({evidence[:_EVIDENCE_CHARACTERS]})" if evidence else what
