"""What the task before, in a conversation, spoke of: what `it`, `them` and `the same` mean. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from agent.understanding.wishes import Call, Diagnosis, Wish
from tools.json import Json


@dataclass(frozen=True, slots=True)
class Target:
    """An object that is meant. `namespace` is where it was said to be; empty: where the clause is about."""

    name: str
    kind: str = ""
    namespace: str = ""
    kinds: tuple[str, ...] = ()
    """All that it could be of, where no kind was said."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Spoken:
    """The objects and wishes of a task, all of them in `namespace`.

    `it` is the one object; of several, only `them` is clear. `everything`: the namespace was asked about, and
    nothing in it named.
    """

    namespace: str = ""
    targets: tuple[Target, ...] = ()
    wishes: tuple[Wish, ...] = ()
    everything: bool = False

    def to_json(self) -> Json:
        """As the journal keeps it."""
        return {
            "namespace": self.namespace,
            "targets": [asdict(target) for target in self.targets],
            "wishes": [{"is": type(wish).__name__, **asdict(wish)} for wish in self.wishes],
            "everything": self.everything,
        }


NOTHING = Spoken()
"""What was spoken of before the first task."""


def spoken_from(document: Json) -> Spoken:
    """`Spoken.to_json` read back."""
    return Spoken(
        document["namespace"],
        tuple(Target(**{**each, "kinds": tuple(each["kinds"])}) for each in document["targets"]),
        tuple(_wish(each) for each in document["wishes"]),
        document["everything"],
    )


def _wish(document: Json) -> Wish:
    if document["is"] == "Call":
        return Call(document["tool"], document["arguments"])
    return Diagnosis(
        document["namespace"], tuple(document["names"]), document["mends"], tuple(document["excluded"])
    )


def again(wish: Wish, target: Target | None, namespace: str, schema: Json) -> Wish | None:
    """A wish for another object (None: the same one), in this namespace; None where it is about no object.

    `schema`: of the arguments of the wish's tool; empty for a diagnosis.
    """
    if isinstance(wish, Diagnosis):
        return replace(wish, namespace=namespace, names=(target.name,) if target is not None else wish.names)
    arguments = {**wish.arguments, **({"namespace": namespace} if "namespace" in wish.arguments else {})}
    if target is None:
        return Call(wish.tool, arguments)
    key = next((name for name in ("name", "pod") if name in arguments), None)
    if key is None:
        return None
    known: Json = schema.get("properties", {}).get("kind", {})
    kind = arguments.get("kind", known.get("default"))
    fitting = [each for each in target.kinds if each in known.get("enum", ())]
    if known and fitting and kind not in target.kinds:
        arguments["kind"] = fitting[0]
    return Call(wish.tool, {**arguments, key: target.name})
