"""What no scaffold can have is refused, with what would do."""

from __future__ import annotations

from typing import Any

import pytest

from tools.scaffolds.answers import AnswersError, answered

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"app": ""}, "small letters"),
    ({"app": "Shop"}, "small letters"),
    ({"app": "1shop"}, "a letter first"),
    ({"app": "shop-"}, "no - last"),
    ({"app": "my shop"}, "'my shop'"),
    ({"app": "../shop"}, "small letters"),
    ({"app": "shop\n"}, "small letters"),
    ({"app": "x" * 41}, "at most 40"),
    ({"app": "${{ secrets.X }}"}, "small letters"),
    ({"port": 0}, "1024 to 65535"),
    ({"port": 80}, "root"),
    ({"port": 70_000}, "1024 to 65535"),
    ({"port": "abc"}, "'abc'"),
    ({"port": "8080 "}, "whole number"),
    ({"port": "٨٠٨٠"}, "whole number"),
    ({"port": -1}, "whole number"),
    ({"port": 8080.5}, "whole number"),
    ({"type": "website"}, "web-api, worker or cronjob"),
    ({"language": "rust"}, "python, node, go or java"),
    ({"database": "oracle"}, "postgres, mysql or none"),
    ({"pipeline": "jenkins"}, "github or tekton"),
    ({"team": "Team A"}, "team 'Team A'"),
    ({"repository": "git@github.com:acme/shop"}, "https address"),
    ({"repository": "https://ann:pw@github.com/acme/shop"}, "https address"),
    ({"registry": "https://ghcr.io/acme"}, "without https"),
    ({"registry": "ghcr.io/Acme"}, "small letters"),
    ({"registry": "x" * 300}, "..."),
    ({"replicas": 3}, "no answer replicas"),
]


@pytest.mark.parametrize(("given", "why"), WRONG)
def test_wrong_answers_are_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(AnswersError) as error:
        answered({"app": "shop", **given})
    assert why in str(error.value)
    assert len(str(error.value)) < 300


def test_what_is_not_said_has_its_default() -> None:
    answers = answered({"app": "shop", "team": None})
    assert (answers.type, answers.language, answers.port, answers.database) == ("web-api", "python", 8080, "none")
    assert answers.image == "ghcr.io/example/shop"
    assert answered({"app": "shop", "external_secrets": True}).external_secrets is False  # there is no password


def test_answers_come_back_from_their_document() -> None:
    answers = answered({"app": "shop", "language": "go", "database": "mysql", "external_secrets": True})
    assert answered(answers.as_document()) == answers
