"""Manifests of files, as tools: judge them; mend what has one right answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.cluster.client import Cluster
from tools.cluster.errors import ClusterError
from tools.errors import ToolFailed
from tools.frame import (
    File,
    Namespace,
    Rendering,
    Result,
    ToolContext,
)
from tools.validation.fixing import mended
from tools.validation.reading import Reading, read
from tools.validation.render import render
from tools.validation.report import report
from tools.validation.server import Answers
from tools.validation.validate import Against, validate

ManifestPath = Annotated[
    str, Field(min_length=1, max_length=4096, description="File or folder of manifests, as the task names it.")
]
_HERE = "."


def validate_manifests(
    context: ToolContext, *, path: ManifestPath = _HERE, namespace: Namespace | None = None
) -> Result:
    """Judge the manifests of a file or folder, by the cluster's dry run and by rules. Nothing is changed.

    Names the file, the line, what is wrong, why, and how to mend it. What has one right answer, mend_manifests
    mends.
    """
    reading = found(path)
    answers, why = answers_of(context.cluster, namespace)
    validation = validate(reading, Against(mask=context.mask, answers=answers))
    validation.not_checked += [why] if why else []
    told = report(validation)
    return Result(render(told, path), told)


def mend_manifests(context: ToolContext, *, path: ManifestPath = _HERE) -> Rendering:
    """Mend what of the manifests of a file or folder has one right answer; comments and the rest stay as they are.

    Removed APIs with the same fields, names in the wrong case, text without quotes, fields that the server sets,
    replicas beside an autoscaler, and what costs a container that is no root nothing.
    """
    texts = mended(found(path), Against(mask=context.mask))
    files = {file: text for file, text in texts.items() if context.mask({"text": text}) == {"text": text}}
    if texts and not files:
        raise ToolFailed(
            f"{', '.join(texts)} can be mended, but holds a secret, and git would keep it: take the secret out, "
            "or mend it beside: desk validate - --fix < FILE > MENDED"
        )
    whole = Path(path).expanduser().absolute()
    folder = whole if whole.is_dir() else whole.parent
    count = f"{len(files)} file{'' if len(files) == 1 else 's'}"
    summary = f"mend {count} of {path}" if files else f"nothing in {path} has one right answer"
    return Rendering(summary, tuple(_file(folder, file, text) for file, text in files.items()), str(folder))


def _file(folder: Path, file: str, text: str) -> File:
    there = Path(file).expanduser().absolute()
    mode = 0o755 if os.access(there, os.X_OK) else 0o644
    return File(there.relative_to(folder).as_posix(), text.encode(), mode)


def found(path: str, stdin: str = "") -> Reading:
    """What is at a path; raises `ToolFailed` where no manifest is."""
    reading = read(path, stdin)
    if not (reading.objects or reading.broken or reading.strangers):
        where = "Standard input" if path == "-" else path
        more = "; ".join(reading.left_out[:3])
        raise ToolFailed(f"{where} has no manifests{f': {more}' if more else ''}.")
    return reading


def answers_of(cluster: Cluster, namespace: str | None) -> tuple[Answers | None, str]:
    """What the cluster says, or why it is not asked."""
    try:
        return Answers(cluster, namespace), ""
    except ClusterError as error:
        return None, f"what a cluster says: {error}"
