"""The facts as they were when a site was written, and what is otherwise now. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from tools.platform_docs.facts import Fact, Facts, State

FACTS_FILE = "facts.json"
_OF_THE_USER = ("may-deploy",)
"""What is told of the one who reads."""


class WrittenFact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact, as a page says it."""

    name: str
    title: str
    state: State
    said: Annotated[str, msgspec.Meta(description="What the pages say, whatever the state.")]
    source: Annotated[str, msgspec.Meta(description="The object, or the URL's path, that it was read from.")]
    parts: Annotated[dict[str, str], msgspec.Meta(description="Of several things: each, and what is said of it.")]
    moves: Annotated[bool, msgspec.Meta(description="It changes by itself: a site is not stale for it.")]


class Written(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag="desk.platform-facts/v1"):
    """The facts of a site: its file facts.json."""

    cluster: str
    namespace: str
    team: str
    user: str
    as_of: str
    facts: list[WrittenFact]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that is not what the pages say."""

    name: str
    title: str
    was: str
    is_now: Annotated[str, msgspec.Meta(description="Empty: it is no fact any more.")]
    source: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What of a site's facts is otherwise now."""

    stale: list[Change]
    moved: Annotated[list[Change], msgspec.Meta(description="What changes by itself; it makes no site stale.")]
    not_compared: Annotated[list[str], msgspec.Meta(description="Titles of facts that this user may not read.")]


class NotOfThisCluster(ValueError):
    """A site cannot be compared: it is of another cluster, or is no site of ours."""


def fact_of(fact: Fact[object]) -> WrittenFact:
    """A fact as it is written down."""
    return WrittenFact(
        name=fact.name,
        title=fact.title,
        state=fact.state,
        said=fact.said,
        parts=dict(fact.parts),
        source=fact.source,
        moves=fact.moves,
    )


def written_from(facts: Facts) -> Written:
    """All facts as they are written down."""
    return Written(
        cluster=facts.cluster,
        namespace=facts.namespace,
        team=facts.team.value or "",
        user=facts.user,
        as_of=facts.at,
        facts=[fact_of(each) for each in facts],
    )


def as_json(written: Written) -> bytes:
    """The bytes of facts.json."""
    return msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n"


def parsed(content: bytes) -> Written:
    """The facts of a site; raises `NotOfThisCluster` for what is none."""
    try:
        return msgspec.json.decode(content, type=Written)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotOfThisCluster(f"it holds no facts as `desk docs --site` writes them: {error}") from error


def compare(written: Written, now: Facts) -> Comparison:
    """What is otherwise now. Raises `NotOfThisCluster` when the cluster, or the namespace, is another one.

    What somebody else read, and this user may not, is not compared.
    """
    if (written.cluster, written.namespace) != (now.cluster, now.namespace):
        raise NotOfThisCluster(
            f"it is of namespace {written.namespace} in another cluster than this one"
            if written.cluster != now.cluster
            else f"it is of namespace {written.namespace}, and not of {now.namespace}"
        )
    current = {fact.name: fact_of(fact) for fact in now}
    same_user = written.user == now.user
    stale: list[Change] = []
    moved: list[Change] = []
    not_compared: list[str] = []
    for was in written.facts:
        is_now = current.pop(was.name, None)
        if is_now is not None and not (same_user or _comparable(was, is_now)):
            not_compared.append(was.title)
        else:
            (moved if was.moves else stale).extend(_changes(was, is_now))
    stale += [
        Change(name=new.name, title=new.title, was="", is_now=new.said, source=new.source)
        for new in current.values()
    ]
    return Comparison(stale=stale, moved=moved, not_compared=not_compared)


def _comparable(was: WrittenFact, is_now: WrittenFact) -> bool:
    """Whether what two users read can be compared."""
    return was.name not in _OF_THE_USER and "unreadable" not in (was.state, is_now.state)


def _changes(was: WrittenFact, is_now: WrittenFact | None) -> Iterator[Change]:
    """What is otherwise, part by part where both have parts."""
    if is_now is None:
        yield Change(name=was.name, title=was.title, was=was.said, is_now="", source=was.source)
    elif was.parts and is_now.parts:
        for part in sorted({*was.parts, *is_now.parts}):
            before, after = was.parts.get(part), is_now.parts.get(part)
            if before != after:
                yield Change(
                    name=f"{was.name} {part}",
                    title=f"{was.title}: {part}",
                    was=_of_part(before),
                    is_now=_of_part(after),
                    source=is_now.source,
                )
    elif (was.state, was.said) != (is_now.state, is_now.said):
        yield Change(name=was.name, title=was.title, was=was.said, is_now=is_now.said, source=is_now.source)


def _of_part(said: str | None) -> str:
    return "not there" if said is None else said or "there"
