"""approvers.yaml: who is who, who may decide what, and each fault of the file by its place."""

from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.humans.approvers import KubernetesUser, OidcSubject, SlackUser, load, parse

FILE = """
people:
  ana:
    kubernetes: ana@example.com
    groups: [payments]
    slack: T024BE7LD/U024BE7LX
    oidc: https://login.example.com/realms/dev#248289761001
  ben: {kubernetes: ben}
rules:
  - {classes: [provision, change], environments: [test, staging], people: [ana, ben]}
second_person: [secret]
"""


def test_a_person_is_known_by_each_of_their_identities() -> None:
    known = parse(FILE)
    ana = known.people[0]
    assert (ana.name, ana.kubernetes, ana.groups) == ("ana", "ana@example.com", ("payments",))
    assert known.person(KubernetesUser("ana@example.com")) is ana
    assert known.person(SlackUser("T024BE7LD", "U024BE7LX")) is ana
    assert known.person(OidcSubject("https://login.example.com/realms/dev", "248289761001")) is ana
    for stranger in (
        KubernetesUser("ana"),
        SlackUser("T0OTHER", "U024BE7LX"),
        SlackUser("", ""),
        OidcSubject("https://login.example.com/realms/prod", "248289761001"),
    ):
        assert known.person(stranger) is None
    assert known.second_person == ("secret",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("people: [ana]", r"Expected object, got array - at \$.people"),
        ("people: {ana: {}}", "ana in people: Object missing required field kubernetes"),
        ("people: {ana: {kubernetes: a, role: boss}}", "unknown field role"),
        ("people: {ana: {kubernetes: ''}}", "length >= 1"),
        ("people: {ana: {kubernetes: a, slack: ana}}", r"ana in people: .*regex.* - at \$.slack"),
        ("people: {ana: {kubernetes: a, oidc: ana@example.com}}", "regex"),
        ("people: {a: {kubernetes: x}, b: {kubernetes: x}}", "x stands for both a and b"),
        ("people: {a: {kubernetes: x}, a: {kubernetes: y}}", "line 1: a is there twice"),
        (
            "people: {a: {kubernetes: x}}\nrules: [{classes: [change], environments: [dev], people: [b]}]",
            "rule 1 names b, and people has nobody of that name",
        ),
        (
            "people: {a: {kubernetes: x}}\nrules: [{classes: [chnge], environments: [dev], people: [a]}]",
            "Invalid enum value 'chnge'",
        ),
        (
            "people: {a: {kubernetes: x}}\nrules: [{classes: [], environments: [dev], people: [a]}]",
            "length >= 1",
        ),
        ("", "Expected object, got null"),
        ("people: {a: {kubernetes: x}", "no YAML.*line 1"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "approvers.yaml").write_text(text)
    with pytest.raises(UsageError, match=said) as refused:
        load(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path}/approvers.yaml: ")
    assert "docs/approvals.md" in str(refused.value)


def test_no_file_is_nobody_said() -> None:
    assert load(Path("/nonexistent")) is None
