"""The site: built by MkDocs without a complaint, and what Backstage reads of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.judges import judges
from tests.tools.platform_docs.samples import facts
from tools.platform_docs.facts import State
from tools.platform_docs.site import site
from tools.topics import TOPICS


def written(folder: Path, state: State) -> Path:
    for file in site(facts(state)):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return folder


@pytest.mark.parametrize("state", ["known", "absent", "unreadable"])
def test_mkdocs_builds_it_and_has_no_complaint(tmp_path: Path, state: State) -> None:
    assert judges.mkdocs(written(tmp_path / "site", state), tmp_path / "html") == []
    for topic, about in TOPICS.items():
        html = (tmp_path / "html" / topic / "index.html").read_text()
        assert about.title in html
        assert "|---|" not in html


def test_backstage_finds_the_docs_beside_its_entity() -> None:
    files = {file.path: file.content for file in site(facts())}
    entity = yaml.safe_load(files["catalog-info.yaml"])
    assert entity["metadata"]["annotations"]["backstage.io/techdocs-ref"] == "dir:."
    assert (entity["kind"], entity["spec"]["owner"]) == ("Component", "web")
    navigation = yaml.safe_load(files["mkdocs.yml"])["nav"]
    assert [f"docs/{page}" for entry in navigation for page in entry.values()] == [
        path for path in files if path.startswith("docs/")
    ]


def test_two_namespaces_have_two_places_in_a_workspace() -> None:
    assert {file.path.partition("/docs/")[0] for file in site(facts(), "platform-docs/web-dev/")} >= {
        "platform-docs/web-dev"
    }
