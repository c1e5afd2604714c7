"""Make an application from the templates, and merge newer templates into it. The functions write nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from tools.cluster.errors import Absent
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import File, Folder, Rendering, ToolContext
from tools.scaffolds.answers import Answers, AnswersError, Database, Language, Pipeline, Type, answered
from tools.scaffolds.portal import portal
from tools.scaffolds.scaffold import scaffold
from tools.scaffolds.updating import updated

Text = Annotated[str, Field(max_length=200)]


def template_app(
    context: ToolContext,
    *,
    app: Annotated[Text, Field(description="Its name: small letters, digits and -.")],
    type: Annotated[Type, Field(description="What it is.")] = "web-api",  # noqa: A002  the flag's name
    language: Annotated[Language, Field(description="What it is written in.")] = "python",
    port: Annotated[int, Field(description="On which it answers.")] = 8080,
    database: Annotated[Database, Field(description="What it keeps its data in.")] = "none",
    pipeline: Annotated[Pipeline, Field(description="What builds it.")] = "github",
    team: Annotated[Text | None, Field(description="Whose it is. Default: platform.")] = None,
    repository: Annotated[Text | None, Field(description="Its https address. Default: an example's.")] = None,
    registry: Annotated[Text | None, Field(description="Where its image goes. Default: an example's.")] = None,
    external_secrets: Annotated[
        bool | None, Field(description="Have an ExternalSecret bring the password. Default: where it is served.")
    ] = None,
    backstage: Annotated[
        bool, Field(description="Instead of the application, a Backstage template that makes such ones.")
    ] = False,
    folder: Folder = "",
) -> Rendering:
    """Make a new application: code that builds and answers, tests, Dockerfile, Kubernetes folder, pipeline, pages.

    It writes files, and changes no cluster. Without a folder it goes into one of the application's name.
    """
    given = {
        "app": app, "type": type, "language": language, "port": port, "database": database, "pipeline": pipeline,
        "team": team, "repository": repository, "registry": registry,
        "external_secrets": _serves_external_secrets(context) if external_secrets is None else external_secrets,
    }  # fmt: skip
    try:
        answers = answered(given)
    except AnswersError as error:
        raise ArgumentsError(f"template_app: {error}") from error
    below = "" if folder else f"{app}/"
    made = portal(answers) if backstage else scaffold(answers).with_memory()
    files = tuple(File(f"{below}{path}", text.encode()) for path, text in made.items())
    return Rendering(f"make {'a Backstage template for ' if backstage else ''}{said(answers)}", files, folder)


def said(answers: Answers) -> str:
    """What is made, in words."""
    with_database = "" if answers.database == "none" else f" with {answers.database}"
    return f"{answers.app}, a {answers.type} in {answers.language}{with_database}"


def _serves_external_secrets(context: ToolContext) -> bool:
    try:
        return context.cluster.serves("external-secrets.io/v1", "ExternalSecret")
    except Absent:
        return False


def update_scaffold(
    context: ToolContext,  # noqa: ARG001  it asks no cluster
    *,
    folder: Annotated[Folder, Field(min_length=1, description="The application's folder, as the task names it.")],
) -> Rendering:
    """Merge the newest template into an application that template_app made: edits stay, conflicts are marked.

    What is to be removed is told and left.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise ToolFailed(f"{folder} is no folder. Name the one that template_app made.")
    merged = updated(root.resolve())
    files = tuple(File(path, content) for path, content in merged.files.items())
    return Rendering("; ".join([f"merge the newest template into {merged.app}", *merged.remarks]), files, folder)
