"""Answer what the rules ask beyond the snapshot: single reads, few, and only because a finding depends on them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from tools.cluster import errors
from tools.cluster.client import Cluster
from tools.diagnose.reading.decoding import shaped
from tools.diagnose.reading.snapshot import Answer, Question, Snapshot

QUESTIONS_AT_MOST = 12
"""Reads for one namespace, over all rounds; what is asked beyond them stays unknown."""
_PARALLEL = 4
_LISTED_AT_MOST = 50
_WITH_VALUES = ("configmaps", "secrets")


def answered(cluster: Cluster, snapshot: Snapshot) -> Snapshot | None:
    """The snapshot with the answers to what was asked of it in vain; None where nothing was, or no more is read."""
    room = QUESTIONS_AT_MOST - len(snapshot.answers)
    asked = snapshot.unanswered()[: max(room, 0)]
    if not asked:
        return None
    with ThreadPoolExecutor(min(_PARALLEL, len(asked))) as pool:
        answers = dict(zip(asked, pool.map(lambda one: _answer(cluster, one), asked), strict=True))
    not_read = [
        f"{_said(one)}: {_because(answer)}"
        for one, answer in answers.items()
        if isinstance(answer, errors.ClusterError)
    ]
    known = {one: None if isinstance(each, errors.ClusterError) else each for one, each in answers.items()}
    return replace(
        snapshot,
        answers={**snapshot.answers, **known},
        not_checked=(*snapshot.not_checked, *not_read),
    )


def _answer(cluster: Cluster, one: Question) -> Answer | errors.ClusterError:
    try:
        cluster.find(one.word)
    except errors.NotFound:
        return Answer((), served=False)
    except errors.ClusterError as error:
        return error
    try:
        if one.everywhere:
            found = cluster.list(one.word, None, field_selector=f"metadata.name={one.name}", limit=_LISTED_AT_MOST)
        elif one.name:
            found = [cluster.get(one.word, one.name, one.namespace)]
        else:
            found = cluster.list(one.word, one.namespace, limit=_LISTED_AT_MOST)
    except errors.NotFound:
        return Answer(())
    except errors.ClusterError as error:
        return error
    if one.word in _WITH_VALUES:
        found = [shaped(item, one.mentions) for item in found]
    return Answer(tuple(found))


def _said(one: Question) -> str:
    where = " of all namespaces" if one.everywhere else f" in {one.namespace}" if one.namespace else ""
    return f"{one.word}{f'/{one.name}' if one.name else ''}{where}"


def _because(error: errors.ClusterError) -> str:
    return "forbidden" if isinstance(error, errors.Forbidden) else str(error)
