"""A report as text, for a person at 3 a.m.: worst first; what, why, the evidence, what to type."""

from __future__ import annotations

import textwrap

from tools.json import Json
from tools.plaintext import counted

_WIDTH = 100
_AFFECTED_NAMED = 3
_STARTING_NAMED = 3
_DELIVERING = ("PipelineRun", "Build", "Application")


def render(report: Json, *, brief: bool = False, for_model: bool = False) -> str:
    """Plain text of a `desk.findings/v1` document; ends without a newline. `brief`: one line a finding.

    `for_model`: without the page that teaches people, and the pods that the evidence names already.
    """
    head = [headline(report), *unsettled(report), *chain(report)]
    if brief:
        missing = [f"not checked: {each}" for each in report.get("not_checked", [])]
        return "\n".join([*head, *(one_liner(each, report) for each in report["findings"]), *missing])
    findings = (_finding(each, report, for_model=for_model) for each in report["findings"])
    parts = ["\n".join(head), *findings, *_not_checked(report)]
    return "\n\n".join(parts)


def one_liner(finding: Json, report: Json) -> str:
    """A finding in one line."""
    return f"{severity(finding)} {finding['cause']}{where(finding, report)}: {finding['summary']}"


def severity(finding: Json) -> str:
    """How bad it is, in a word, and whether time alone may still mend it."""
    return f"{finding['severity'].upper()}{' (so far)' if finding['so_far'] else ''}"


def where(finding: Json, report: Json) -> str:
    """The namespace of a finding, where the report is on more than one."""
    namespace = finding["object"]["namespace"]
    return f" in {namespace}" if report["namespace"] is None and namespace else ""


def headline(report: Json) -> str:
    """How many findings, in what, of how much."""
    looked_at = _looked_at(report["checked"])
    count = len(report["findings"])
    well = "nothing wrong" if report["settled"] else "starting"
    found = well if count == 0 else f"{count} finding{'' if count == 1 else 's'}"
    return f"{report['namespace'] or 'all namespaces'}: {found} ({looked_at} checked)"


def _looked_at(checked: dict[str, int]) -> str:
    """The pods; where something delivers to them, that, too."""
    told = [counted(checked[kind], kind) for kind in _DELIVERING if kind in checked]
    return ", ".join(told) or counted(checked.get("Pod", 0), "pod")


def chain(report: Json) -> list[str]:
    """A line a link of a delivery, from the commit to its pods; none for what is no delivery."""
    return [f"  {each['link']:<8} {each['state']:<12} {each['said']}" for each in report.get("links") or ()]


def unsettled(report: Json) -> list[str]:
    """A line where asking again may tell something else: what is starting, and until when; else none."""
    if report["settled"]:
        return []
    starting, more = report["starting"][:_STARTING_NAMED], len(report["starting"]) - _STARTING_NAMED
    named = "; ".join([*starting, *([f"and {more} more"] if more > 0 else [])])
    return [f"not settled{': ' if named else ''}{named}; judged by {report['settles_at']} at the latest"]


def _finding(finding: Json, report: Json, *, for_model: bool) -> str:
    lines = [one_liner(finding, report), *_wrapped("why:  ", finding["why"])]
    named = " ".join(item["object"] for item in finding["evidence"]).split() if for_model else ()
    if not set(named).issuperset(finding["affected"]):
        lines += _wrapped("pods: ", affected_said(finding["affected"]))
    lines += [f"  {item['source']:<7}{item['object']}: {item['text']}" for item in finding["evidence"]]
    for remedy in finding["remedies"]:
        lines += [f"  -> {remedy['title']}:", f"     {remedy['command']}"]
    return "\n".join([*lines, *([] if for_model else [f"  more: {page(finding)}"])])


def page(finding: Json) -> str:
    """The command that shows the page which teaches what a finding is about."""
    namespace = finding["object"]["namespace"]
    return f"desk docs {finding['topic']}" + (f" -n {namespace}" if namespace else "")


def affected_said(pods: list[str]) -> str:
    """The first of the pods that suffer, and how many more there are."""
    more = len(pods) - _AFFECTED_NAMED
    return ", ".join(pods[:_AFFECTED_NAMED]) + (f" and {more} more" if more > 0 else "")


def _wrapped(label: str, text: str) -> list[str]:
    indent = " " * (2 + len(label))
    return textwrap.wrap(text, _WIDTH, initial_indent=f"  {label}", subsequent_indent=indent)


def _not_checked(report: Json) -> list[str]:
    missing = report.get("not_checked") or []
    return ["Not checked:\n" + "\n".join(f"  {each}" for each in missing)] if missing else []
