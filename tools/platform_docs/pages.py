"""The pages' texts: Jinja2 templates in pages/, filled with facts. Pure but for reading the templates.

What a cluster's objects say is text in a page, never markup of it: `md` escapes Markdown's and HTML's signs.
A name that a template asks for and that is not there is an error (StrictUndefined): no page has a hole.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.topics import INDEX, TOPICS, Topic

if TYPE_CHECKING:
    from jinja2 import Environment

    from tools.platform_docs.facts import Facts

TEMPLATES = Path(__file__).parent / "pages"

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~]")
_BLANK_LINES = re.compile(r"\n{3,}")


def page(topic: Topic, facts: Facts) -> str:
    """A topic's page in Markdown (CommonMark with tables)."""
    return rendered(f"{topic}.md", facts, title=TOPICS[topic].title)


def overview(facts: Facts) -> str:
    """The page that leads to the others, with all facts."""
    return rendered(f"{INDEX}.md", facts, title=site_title(facts))


def site_title(facts: Facts) -> str:
    """What the site is called."""
    return f"Platform documentation of {facts.team if facts.team.known else facts.namespace}"


def rendered(file: str, facts: Facts, *, title: str) -> str:
    """One file of the site."""
    text = _environment().get_template(f"{file}.j2").render(_values(facts), title=title)
    return _BLANK_LINES.sub("\n\n", text).rstrip("\n") + "\n"


def _values(facts: Facts) -> dict[str, Any]:
    return {
        "facts": facts,
        "ns": facts.namespace,
        "topics": TOPICS,
        "titles": {topic: about.title for topic, about in TOPICS.items()},
    }


def as_text(value: object) -> str:
    """What is said of a fact, as text of one line that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(str(value).split()))


@cache
def _environment() -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
    )
    environment.filters["md"] = as_text
    return environment
