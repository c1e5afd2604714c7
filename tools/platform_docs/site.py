"""The site: every page, mkdocs.yml, what Backstage's TechDocs wants, and the facts for a later check. Pure.

Source: https://backstage.io/docs/features/techdocs/creating-and-publishing/ (docs_dir, techdocs-ref). The theme is
MkDocs' own: no plugin is named, and TechDocs brings its own along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.frame import File
from tools.platform_docs.pages import overview, page, rendered, site_title
from tools.platform_docs.staleness import FACTS_FILE, as_json, written_from
from tools.topics import INDEX, TOPICS

if TYPE_CHECKING:
    from tools.platform_docs.facts import Facts


def site(facts: Facts, below: str = "") -> tuple[File, ...]:
    """The files of the site; `below` is the folder in front of each path, with a slash."""
    title = site_title(facts)
    texts = {
        "mkdocs.yml": rendered("mkdocs.yml", facts, title=title),
        "catalog-info.yaml": rendered("catalog-info.yaml", facts, title=title),
        f"docs/{INDEX}.md": overview(facts),
        **{f"docs/{topic}.md": page(topic, facts) for topic in TOPICS},
    }
    files = {**{path: text.encode() for path, text in texts.items()}, FACTS_FILE: as_json(written_from(facts))}
    return tuple(File(below + path, content) for path, content in files.items())
