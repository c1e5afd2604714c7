"""A validation for code review: SARIF 2.1.0.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from tools.json import Json
from tools.validation.rules import RULES

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(report: Json, version: str) -> dict[str, Any]:
    """The log of one run, from a `desk.findings/v1` document. `version` is Desk's."""
    found = {finding["cause"] for finding in report["findings"]}
    rules = [_rule(rule) for rule in RULES if rule.name in found]
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": "desk validate", "semanticVersion": version, "rules": rules}
    notes = [{"level": "note", "message": {"text": each}} for each in report.get("not_checked") or ()]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": [_result(finding, numbers) for finding in report["findings"]],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Any) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.means},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.mend},
        "helpUri": rule.source,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Json, numbers: dict[str, int]) -> dict[str, Any]:
    thing = finding["object"]
    name = f"{thing['kind']} {thing['name']}"
    text = finding["summary"] if thing["kind"] == "File" else f"{name}: {finding['summary']}"
    region = {"startLine": finding["line"], "startColumn": finding["column"]}
    place = {"artifactLocation": {"uri": quote(finding["file"])}, "region": region}
    return {
        "ruleId": finding["cause"],
        "ruleIndex": numbers[finding["cause"]],
        "level": _LEVELS[finding["severity"]],
        "message": {"text": f"{text}. {finding['remedies'][0]['title']}"},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": name}]}],
        "partialFingerprints": {"finding/v1": _fingerprint(finding)},
    }


def _fingerprint(finding: Json) -> str:
    """What stays the same when lines move."""
    said = (finding["file"], finding["cause"], *map(str, finding["object"].values()), str(finding["container"]))
    return hashlib.sha256("\0".join((*said, finding["summary"])).encode()).hexdigest()[:32]
