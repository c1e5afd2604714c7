"""Scaffolds of every sort, in memory and on disk."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from tools.scaffolds.answers import Answers, Database, Language, Type, answered
from tools.scaffolds.scaffold import Scaffold, scaffold

_OTHERS: dict[str, dict[str, Any]] = {
    "none": {},
    "postgres": {},
    "mysql": {"pipeline": "tekton", "external_secrets": True},
}
GOLDEN = Path(__file__).with_name("golden")


def every(*languages: Language) -> list[Answers]:
    """The answers of each type with each database, in these languages or in all."""
    return [
        answered({"app": "shop", "language": language, "type": kind, "database": database, **_OTHERS[database]})
        for language, kind, database in itertools.product(
            languages or get_args(Language), get_args(Type), get_args(Database)
        )
    ]


def said(answers: Answers) -> str:
    """A scaffold's name among others."""
    return f"{answers.language}-{answers.type}-{answers.database}"


def made(**given: Any) -> Scaffold:
    """A scaffold."""
    return scaffold(answered({"app": "shop", **given}))


@cache
def files_of(answers: Answers) -> Mapping[str, str]:
    """All files of a scaffold, rendered once."""
    return MappingProxyType(scaffold(answers).with_memory())


def write(folder: Path, answers: Answers) -> Path:
    """Put the files into the folder; gives it."""
    for path, text in files_of(answers).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder
