"""A Backstage software template that makes the same scaffold from the portal's form. Pure, as `scaffold` is.

The skeleton is a scaffold whose name, port, team and places are the form's answers: it is made with stand-ins, and
these are exchanged for Backstage's expressions.
Source: https://backstage.io/docs/features/software-templates/writing-templates
"""

from __future__ import annotations

from dataclasses import replace

from tools.scaffolds.answers import Answers
from tools.scaffolds.scaffold import MEMORY, portal_page, scaffold

_STAND_INS = Answers(
    "desk-stand-in-app",
    port=59_999,
    team="desk-stand-in-team",
    repository="https://desk-stand-in.invalid/repository",
    registry="desk-stand-in.invalid/registry",
)
_EXPRESSIONS = (
    ("${{", "${{ '${{' }}"),  # what is there already is text for Backstage
    (_STAND_INS.app, "${{ values.app }}"),
    (_STAND_INS.team, "${{ values.team }}"),
    (str(_STAND_INS.port), "${{ values.port }}"),
    (_STAND_INS.repository, "${{ values.repository }}"),
    (_STAND_INS.registry, "${{ values.registry }}"),
    (_STAND_INS.registry.partition("/")[0], "${{ values.registry.split('/')[0] }}"),
)


def portal(answers: Answers) -> dict[str, str]:
    """The template's files: of what the answers say, but for name, port, team and places."""
    stood_in = replace(
        _STAND_INS,
        type=answers.type,
        language=answers.language,
        database=answers.database,
        pipeline=answers.pipeline,
        external_secrets=answers.external_secrets,
    )
    made = scaffold(stood_in)
    files = {**made.files, MEMORY: made.memory(with_blobs=False)}
    skeleton = {f"skeleton/{path}": _with_expressions(text) for path, text in files.items()}
    return {"template.yaml": portal_page(answers), **skeleton}


def _with_expressions(text: str) -> str:
    for stand_in, expression in _EXPRESSIONS:
        text = text.replace(stand_in, expression)
    return text
