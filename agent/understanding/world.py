"""The names that a task can mean: namespaces, and the objects in those that it speaks of. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from agent.understanding.spelling import nearest
from agent.understanding.spoken import NOTHING, Spoken

Names = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Namespace -> kind -> names; what has no namespace stands under the empty one."""

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
LISTED = (*WORKLOADS, "Pod", "Service", "ConfigMap", "Secret", "PersistentVolumeClaim", "Node")
"""The kinds of what a name is taken for, the likeliest first."""

# What the ReplicaSet and StatefulSet controllers put behind a workload's name.
# Their letters make no words. Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go
_POD_SUFFIX = re.compile(r"(-[bcdfghjklmnpqrstvwxz2456789]{6,10})?-([bcdfghjklmnpqrstvwxz2456789]{5}|[0-9]+)")
MISSPELT_FROM = 5
"""Letters of a word that may be a name with a typing error."""
COMPARED = 100
"""Names that are compared with a word that none of them is: those of about its length."""
MIN_BEGINNING = 3
"""Letters of a name that may stand for the whole."""
_ROLES = frozenset(["api", "app", "application", "service", "svc", "server", "pod", "pods", "deployment"])

_ENVIRONMENTS = {
    word: spellings
    for spellings in (("dev", "development"), ("test", "qa"), ("stage", "staging", "stg"), ("prod", "production"))
    for word in spellings
}


@dataclass(frozen=True)
class World:
    """What there is, as far as this identity may list it. `namespace` is the session's own.

    `spoken` is what the task before this one spoke of, in a conversation.
    """

    namespace: str
    namespaces: tuple[str, ...] = ()
    names: Names = field(default_factory=dict)
    spoken: Spoken = NOTHING

    def knows(self, namespace: str) -> bool:
        """Whether the objects of a namespace were listed."""
        return namespace in self.names

    def kinds_of(self, name: str, namespaces: Iterable[str]) -> tuple[str, ...]:
        """The kinds of the objects of this name in any of these namespaces, the likeliest first."""
        found = {kind for namespace in (*namespaces, "") for kind in self._kinds(namespace).get(name, ())}
        return tuple(kind for kind in LISTED if kind in found)

    def of_kind(self, kind: str, namespace: str) -> tuple[str, ...]:
        """The names of a kind's objects in a namespace."""
        return tuple(self.names.get(namespace, {}).get(kind, ()))

    def like(self, word: str, namespaces: Iterable[str]) -> str:
        """The one object's name that a word without an object of its own means: by its beginning, or misspelt."""
        asked = (word, tuple(dict.fromkeys(namespaces)))
        if asked not in self._likes:
            self._likes[asked] = self._like(*asked)
        return self._likes[asked]

    def _like(self, word: str, namespaces: tuple[str, ...]) -> str:
        apps = dict.fromkeys(name for namespace in namespaces for name in self._apps.get(namespace, ()))
        begins = [name for name in apps if word.startswith(f"{name}-") and word[len(name) + 1 :] in _ROLES]
        begun = [name for name in apps if name.startswith(f"{word}-") and len(word) >= MIN_BEGINNING]
        for found in (begins, begun):
            if found:
                return found[0] if len(found) == 1 else ""
        if len(word) < MISSPELT_FROM and sorted(word) not in map(sorted, apps):
            return ""  # too many words are one letter from a short name
        near = nearest(word, (name for name in apps if name[0] in word[:2]))
        return "" if near and f"{near}s" == word else near  # what is said of several is none of them

    def workload_of(self, pod: str, namespaces: Iterable[str]) -> str:
        """The workload that a pod is of, by their names; empty when there is none of such a name."""
        there = {name for namespace in namespaces for name in self._kinds(namespace)}
        workload = self._workload_of(pod, there)
        return workload if workload != pod else ""

    def near(self, word: str, namespaces: Iterable[str]) -> tuple[str, ...]:
        """At most three names that look like a word, for a person to choose from."""
        import difflib

        named = {name for namespace in namespaces for name in self._apps.get(namespace, ()) if name[0] == word[:1]}
        apps = sorted(named, key=lambda name: (abs(len(name) - len(word)), name))[:COMPARED]
        return tuple(difflib.get_close_matches(word, apps, n=3, cutoff=0.5))

    def near_namespace(self, word: str) -> str:
        """The namespace whose name looks most like a word; empty when none does."""
        import difflib

        return next(iter(difflib.get_close_matches(word, self.namespaces, n=1, cutoff=0.6)), "")

    def of_environment(self, environment: str) -> str:
        """The one namespace of an environment, by its name; the sibling of the session's own, if there is one."""
        known = {*self.namespaces, self.namespace}
        there = sorted(name for name in known if set(_ENVIRONMENTS[environment]) & set(name.split("-")))
        found = [name for name in there if _stem(name) == _stem(self.namespace)]
        return found[0] if len(found) == 1 else ""

    def _kinds(self, namespace: str) -> Mapping[str, tuple[str, ...]]:
        return self._by_name.get(namespace, {})

    @cached_property
    def _by_name(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for namespace, kinds in self.names.items():
            own = found.setdefault(namespace, {})
            for kind, names in kinds.items():
                for name in names:
                    own[name] = (*own.get(name, ()), kind)
        return found

    @cached_property
    def _apps(self) -> Mapping[str, tuple[str, ...]]:
        """The names of a namespace, without those of the pods of what is named."""
        return {
            namespace: tuple(name for name in kinds if self._workload_of(name, kinds.keys()) == name)
            for namespace, kinds in self._by_name.items()
        }

    @cached_property
    def _likes(self) -> dict[tuple[str, tuple[str, ...]], str]:
        """What `like` has found."""
        return {}

    @staticmethod
    def _workload_of(name: str, there: Collection[str]) -> str:
        """The workload whose pod a name is, going by the name; itself, when it is none."""
        found = _POD_SUFFIX.search(name)
        return (
            name[: found.start()] if found and name[: found.start()] in there and found.end() == len(name) else name
        )


def is_environment(word: str) -> bool:
    """Whether a word says an environment."""
    return word in _ENVIRONMENTS


def is_pod_of(word: str, workload: str) -> bool:
    """Whether a word is the name of a pod of a workload, going by the names."""
    return word.startswith(workload) and _POD_SUFFIX.fullmatch(word[len(workload) :]) is not None


def _stem(namespace: str) -> list[str]:
    return [part for part in namespace.split("-") if part not in _ENVIRONMENTS]
