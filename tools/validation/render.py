"""A validation as text: by rule, the worst first; where, what, why, how to mend it."""

from __future__ import annotations

import shlex
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.json import Json

_WIDTH = 100
_WORST_FIRST = {"error": 0, "warning": 1, "info": 2}
_NAMED = 20
"""Places of one rule that are told; the JSON has them all."""


def render(report: Json, path: str, *, brief: bool = False) -> str:
    """Plain text of the document; ends without a newline. `brief`: one line a finding, as compilers say it."""
    findings = report["findings"]
    if brief:
        return "\n".join([*map(one_liner, findings), *(f"not checked: {each}" for each in _missing(report))])
    parts = [headline(report, path), *_by_rule(findings), *_not_checked(report), *_next(findings, path)]
    return "\n\n".join(parts)


def one_liner(finding: Json) -> str:
    """A finding as `FILE:LINE:COLUMN: severity: text [rule]`, which editors can read."""
    place = f"{finding['file']}:{finding['line']}:{finding['column']}"
    return f"{place}: {finding['severity']}: {_said(finding)} [{finding['cause']}]"


def headline(report: Json, path: str) -> str:
    """How much was found, in how much."""
    objects = sum(report["checked"].values())
    counted = dict.fromkeys(_WORST_FIRST, 0)
    for finding in report["findings"]:
        counted[finding["severity"]] += 1
    found = ", ".join(_many(count, severity) for severity, count in counted.items() if count and severity != "info")
    hints = _many(counted["info"], "hint") if counted["info"] else ""
    said = ", ".join(filter(None, (found, hints))) or "nothing wrong"
    where = f"by {report['cluster']}" if report["cluster"] else "without a cluster"
    name = "standard input" if path == "-" else path
    return f"{name}: {said} ({_many(objects, 'object')} checked for Kubernetes {report['kubernetes']}, {where})"


def _by_rule(findings: list[Json]) -> list[str]:
    def rule(finding: Json) -> tuple[int, str]:
        return _WORST_FIRST[finding["severity"]], finding["cause"]

    return [_block(list(group)) for _, group in groupby(sorted(findings, key=rule), key=rule)]


def _block(findings: list[Json]) -> str:
    first = findings[0]
    lines = [f"{first['severity'].upper()} {first['cause']}"]
    lines += [f"  {each['file']}:{each['line']}  {_said(each)}" for each in findings[:_NAMED]]
    lines += [f"  and {len(findings) - _NAMED} more"] if len(findings) > _NAMED else []
    lines += _wrapped("why:  ", first["why"])
    return "\n".join([*lines, *_wrapped("mend: ", first["remedies"][0]["title"])])


def _said(finding: Json) -> str:
    thing = finding["object"]
    owner = "" if thing["kind"] == "File" else f"{thing['kind']} {thing['name']}".strip()
    owner += f", {finding['container']}" if finding["container"] else ""
    return f"{owner}: {finding['summary']}" if owner else finding["summary"]


def _wrapped(label: str, text: str) -> list[str]:
    indent = " " * (2 + len(label))
    return textwrap.wrap(text, _WIDTH, initial_indent=f"  {label}", subsequent_indent=indent)


def _missing(report: Json) -> list[str]:
    return report.get("not_checked") or []


def _not_checked(report: Json) -> list[str]:
    missing = _missing(report)
    return ["Not checked:\n" + "\n".join(f"  {each}" for each in missing)] if missing else []


def _next(findings: list[Json], path: str) -> list[str]:
    mendable = sum(bool(each["remedies"][0]["command"]) for each in findings)
    if not mendable:
        return []
    has = "has" if mendable == 1 else "have"
    return [f"{mendable} {has} one right answer: desk validate {shlex.quote(path)} --fix"]


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
