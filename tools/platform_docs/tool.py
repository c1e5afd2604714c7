"""The platform's documentation as tools: a page to read, and the site as files."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from tools.frame import Folder, Namespace, Rendering, Result, ToolContext
from tools.platform_docs.pages import overview, page
from tools.platform_docs.reading import read_facts
from tools.platform_docs.site import site
from tools.topics import TOPICS, Topic

SITES = "platform-docs"
"""Where a workspace has the sites, a folder a namespace."""

# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
Team = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        description="The team, as the label team of its namespaces names it.",
    ),
]
OptionalNamespace = Annotated[
    Namespace | None, Field(description="Whose facts; default: the team's, else the context's.")
]

_LATER = re.compile(r"^## Why\n.*?(?=^### Facts)", re.MULTILINE | re.DOTALL)


def docs(
    context: ToolContext,
    *,
    topic: Annotated[
        Topic | None, Field(description="What is to be learnt; without it, which pages there are.")
    ] = None,
    namespace: OptionalNamespace = None,
    team: Team | None = None,
) -> Result:
    """How something is done on this platform: a page of the platform's documentation, with this cluster's facts.

    For questions of how to get, do or reach something here, as against what is wrong. Commands in it work as they
    stand. What the cluster does not have, or this user may not read, it says.
    """
    facts = read_facts(context.cluster, namespace=namespace, team=team)
    data = {"topic": topic, "namespace": facts.namespace, "as_of": facts.at}
    if topic is None:
        return Result(overview(facts), data)
    more = f"Why it is so, and where to read on: desk docs {topic} -n {facts.namespace}"
    return Result(f"{_LATER.sub('', page(topic, facts))}\n{more}", data)


def save_docs(
    context: ToolContext, *, namespace: OptionalNamespace = None, team: Team | None = None, folder: Folder = ""
) -> Rendering:
    """Write the platform's documentation for a namespace: nine pages, mkdocs.yml and TechDocs' annotations."""
    facts = read_facts(context.cluster, namespace=namespace, team=team)
    below = "" if folder else f"{SITES}/{facts.namespace}/"
    summary = f"write the {len(TOPICS)} pages of the platform's documentation for {facts.namespace}"
    return Rendering(summary, site(facts, below), folder)
