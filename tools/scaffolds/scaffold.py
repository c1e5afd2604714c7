"""All files of a scaffold, from its answers. Pure but for the templates' texts, which are read.

`.desk-scaffold.yaml` remembers the answers, the template's version and each file's git blob, so that an update
finds what was made then in the folder's own history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.scaffolds import kubernetes
from tools.scaffolds.answers import Answers
from tools.scaffolds.templates import rendered

MEMORY = ".desk-scaffold.yaml"
VERSION = 1
"""Of the templates: one more when an older Desk could not merge them."""

_LANGUAGES = {"python": "Python", "node": "Node.js", "go": "Go", "java": "Java"}
_DATABASES = {"postgres": " with PostgreSQL", "mysql": " with MySQL", "none": ""}
_TYPES = {"web-api": "An API", "worker": "A worker", "cronjob": "A job by the clock"}
_DATABASE_KUSTOMIZATION = "---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The files by their paths, and what made them."""

    answers: Answers
    files: Mapping[str, str]

    def with_memory(self) -> dict[str, str]:
        """The files, and the one that remembers what they were made from."""
        return {**self.files, MEMORY: self.memory()}

    def memory(self, *, with_blobs: bool = True) -> str:
        """The text of `MEMORY`; without blobs where the files are not as they will be."""
        lines = [
            "---",
            "# What this was made from: commit it. A newer template is merged into it by",
            "# `desk template-app --update .`",
            "# yamllint disable rule:line-length",
            f"template: {VERSION}",
            "answers:",
            *(f"  {name}: {json.dumps(value)}" for name, value in self.answers.as_document().items()),
        ]
        if with_blobs:
            lines += ["# Each file's git blob, as it was made.", "files:"]
            lines += [f"  - {blob_of(text.encode())} {path}" for path, text in sorted(self.files.items())]
        return "\n".join(lines) + "\n"


def blob_of(content: bytes) -> str:
    """The id that git gives such a file. Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects"""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def scaffold(answers: Answers) -> Scaffold:
    """The scaffold that the answers ask for."""
    base, database = kubernetes.base(answers), kubernetes.dev_database(answers)
    files = dict(kubernetes.texts([*base, *database]))
    if database:
        names = "".join(f"  - {path.rpartition('/')[2]}\n" for path, _ in database)
        files[f"{kubernetes.DATABASE}/kustomization.yaml"] = _DATABASE_KUSTOMIZATION + names
    values = _values(answers) | {
        "resources": [path.rpartition("/")[2] for path, _ in base],
        "policies": [each["metadata"]["name"] for _, each in base if each["kind"] == "NetworkPolicy"],
        "exceptions": kubernetes.excepted([*base, *database]),
    }
    return Scaffold(answers, files | rendered(list(_layers(answers)), values))


def portal_page(answers: Answers) -> str:
    """The text of a Backstage template."""
    return rendered(["portal"], _values(answers))["template.yaml"]


def _values(answers: Answers) -> dict[str, object]:
    return {
        **answers.as_document(),
        "serves": answers.serves,
        "image": answers.image,
        "what": f"{_TYPES[answers.type]} in {_LANGUAGES[answers.language]}{_DATABASES[answers.database]}",
        "database_port": kubernetes.DATABASE_PORTS.get(answers.database, 0),
        "placeholder": "$1" if answers.database == "postgres" else "?",
        "migrate": kubernetes.MIGRATE[answers.language],
    }


def _layers(answers: Answers) -> Iterator[str]:
    language = answers.language
    yield "common"
    yield answers.pipeline
    yield f"{language}/base"
    if answers.serves:
        yield f"{language}/serving"
    yield f"{language}/{'service' if answers.type == 'web-api' else 'working'}"
    if answers.database != "none":
        yield "database"
        yield f"{language}/database"
        if answers.external_secrets:
            yield "external"
    yield f"{language}/locks/{'serving' if answers.serves else 'batch'}-{answers.database}"
