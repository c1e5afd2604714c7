"""A report as text, for a person at 3 a.m.: worst first; what, why, the evidence, what to type."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.cluster.client import Json

_WIDTH = 100
_AFFECTED_NAMED = 3


def render(report: Json) -> str:
    """Plain text of a `desk.findings/v1` document; ends without a newline."""
    parts = [_headline(report), *(_finding(each) for each in report["findings"]), *_not_checked(report)]
    return "\n\n".join(parts)


def _headline(report: Json) -> str:
    pods = report["checked"].get("Pod", 0)
    looked_at = f"{pods} pod{'' if pods == 1 else 's'}"
    count = len(report["findings"])
    found = "nothing wrong" if count == 0 else f"{count} finding{'' if count == 1 else 's'}"
    return f"{report['namespace']}: {found} ({looked_at} checked)"


def _finding(finding: Json) -> str:
    lines = [f"{finding['severity'].upper()} {finding['cause']}: {finding['summary']}"]
    lines += _wrapped("why:  ", finding["why"])
    lines += _wrapped("pods: ", _affected(finding["affected"]))
    lines += [f"  {item['source']:<7}{item['object']}: {item['text']}" for item in finding["evidence"]]
    for remedy in finding["remedies"]:
        lines += [f"  -> {remedy['title']}:", f"     {remedy['command']}"]
    return "\n".join(lines)


def _affected(pods: list[str]) -> str:
    more = len(pods) - _AFFECTED_NAMED
    return ", ".join(pods[:_AFFECTED_NAMED]) + (f" and {more} more" if more > 0 else "")


def _wrapped(label: str, text: str) -> list[str]:
    indent = " " * (2 + len(label))
    return textwrap.wrap(text, _WIDTH, initial_indent=f"  {label}", subsequent_indent=indent)


def _not_checked(report: Json) -> list[str]:
    missing = report.get("not_checked") or []
    return ["Not checked:\n" + "\n".join(f"  {each}" for each in missing)] if missing else []
