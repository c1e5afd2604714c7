"""What a task comes to: calls of tools, diagnoses, advice, or a question back; and each in words. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.intents import INTENTS, Way
from tools.json import Json

if TYPE_CHECKING:
    from agent.understanding.spoken import Spoken


@dataclass(frozen=True, slots=True)
class Call:
    """A tool is to be called with these arguments."""

    tool: str
    arguments: Json

    @property
    def words(self) -> str:
        """The call in words that mean it and nothing else."""
        return _filled(self._way().words, self._with_kind())

    @property
    def command(self) -> str:
        """What a person could type for it; placeholders stand in capitals for what is not said."""
        return _filled(self._way().command, self._with_kind())

    def _with_kind(self) -> Json:
        """The arguments, with the kind that the tool takes by itself where it is another than a Deployment."""
        return {**({"kind": _KINDS[self.tool]} if self.tool in _KINDS else {}), **self.arguments}

    @property
    def is_said_whole(self) -> bool:
        """Whether its words say all of its arguments."""
        way = self._way()
        slots = set(re.findall(r"{(\w+)}", way.words))
        said = {name for name in self.arguments if name not in way.fixed}
        return said <= slots <= {*said, "kind", "namespace"}

    def _way(self) -> Way:
        """The way that says the most of the arguments, and no more."""
        ways = INTENTS[self.tool].ways
        return max(ways, key=lambda way: (self._says(way), -way.words.count("{")))

    def _says(self, way: Way) -> int:
        fixed = all(self.arguments.get(name) == value for name, value in way.fixed.items())
        said = sum(2 if f"{{{name}}}" in way.words else 0 for name in self.arguments)
        return said + (1 if fixed else -4) - sum(f"{{{slot.argument}}}" in way.words for slot in way.slots)


def misfit(call: Call, schema: Json) -> str:
    """Why a tool would not take these arguments: a kind, or a number out of its bounds; empty when it would."""
    for name, value in call.arguments.items():
        known = schema.get("properties", {}).get(name, {})
        kinds = known.get("enum")
        if kinds and value not in kinds:
            return f"{call.tool} is for {', '.join(map(str, kinds))}, and not for {value}"
        bounds = [each for each in known.get("anyOf", (known,)) if "maximum" in each or "minimum" in each]
        for bound in bounds if isinstance(value, int) else ():
            least, most = bound.get("minimum", value), bound.get("maximum", value)
            if not least <= value <= most:
                return f"{name.replace('_', ' ')} goes from {least} to {most}"
    return ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """It is to be found out what is wrong with what is named, or with the namespace; `mends`: and to be mended."""

    namespace: str
    names: tuple[str, ...] = ()
    mends: bool = False
    excluded: tuple[str, ...] = ()
    """Names that are to be left alone."""

    @property
    def words(self) -> str:
        """It in words."""
        what = " and ".join(self.names) or "everything"
        left = f" except {' and '.join(self.excluded)}" if self.excluded else ""
        return f"{'fix' if self.mends else 'diagnose'} {what} in {self.namespace}{left}"

    @property
    def command(self) -> str:
        """What a person could type to see what is wrong."""
        return f"desk debug-pod {self.namespace} {' '.join(self.names[:1])}".strip()


Wish = Call | Diagnosis


@dataclass(frozen=True, slots=True)
class Order:
    """What the person's own words order, for the gate: an outcome of some objects.

    `tools` are those that the verb could mean; empty: whatever mends. `names` are the objects; empty: the whole
    namespace. Both readings stop at `namespaces`, and at what is `excluded`.
    """

    namespaces: tuple[str, ...]
    names: tuple[str, ...]
    tools: frozenset[str] = frozenset()
    excluded: tuple[str, ...] = ()

    @property
    def mends(self) -> bool:
        """Whether anything that mends is ordered."""
        return not self.tools


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a task asks for. With `unclear` nothing is done: `readings` are what may be meant."""

    wishes: tuple[Wish, ...] = ()
    advice: tuple[Wish, ...] = ()
    """What was asked about and not ordered: it is answered with the command."""
    unclear: str = ""
    readings: tuple[Wish, ...] = ()
    owner: tuple[str, str] | None = None
    """(agent, what): whose it is, when it is not Desk's."""
    orders: tuple[Order, ...] = ()
    namespaces: tuple[str, ...] = ()
    """Those that the task speaks of; the session's own, when none."""
    everywhere: bool = False
    """Whether it is about every namespace."""
    forbidden: tuple[str, ...] = field(default=())
    """What the task says not to do, in its words."""
    taken: tuple[str, ...] = ()
    """What its words leave to the task before it, as that was taken: an object, or a whole wish."""
    spoken: Spoken | None = None
    """What the next task of a conversation may mean by `it`; None: nothing."""


_KINDS = {"suspend": "CronJob", "port_forward": "Service"}
_EVERYWHERE = " in all namespaces"


class _Placeholders(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return {"kind": "deployment", "namespace": "NAMESPACE"}.get(key, key.upper())


def _filled(template: str, arguments: Json) -> str:
    if "namespace" not in arguments:
        template = template.replace(" in {namespace}", _EVERYWHERE).replace(" -n {namespace}", " -A")
    said = _Placeholders({name: _said(value) for name, value in arguments.items() if value is not None})
    if "kind" in said:
        said["kind"] = said["kind"].casefold()
    return template.format_map(said)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={shlex.quote(str(each))}" for key, each in value.items())
    if isinstance(value, list):
        return shlex.join(map(str, value))
    return str(value)
