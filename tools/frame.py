"""What a tool is: a typed function with a docstring for the model and a class of risk.

    ToolError
      ArgumentsError   mend your arguments and call again
      ToolFailed       failed for good: the same call will not do better
      Refused          never done by Desk, whoever asks: it is another agent's

Three sorts of tools. A *reading* tool does its work and gives a `Result`. A *changing* tool does nothing:
it gives a `Plan`, the changes it would make, and the agent previews, gates, applies and records them. So no
tool can change a cluster past the gate. A *rendering* tool gives a `Rendering`, the files it would write, of which
the agent makes such a plan.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Unpack, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tools.changes.plan import File as File  # noqa: PLC0414  who gives a Rendering finds it here
from tools.changes.plan import Plan
from tools.cloud.connect import no_clouds
from tools.cloud.resource import Cloud
from tools.cluster.client import Cluster
from tools.errors import ArgumentsError
from tools.git_hosts.hosts import GitHosts
from tools.json import Json
from tools.risk import Risk

RESULT_LIMIT_CHARS = 16_000


_SCOPE = object()
"""Marks the type of an argument that says where a call acts, whatever the argument is called."""
_FOLDER = object()
"""Marks the type of an argument that says where files go."""


# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
Namespace = Annotated[
    str,
    Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", description="Namespace."),
    _SCOPE,
]
Name = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", description="Name.")
]

Folder = Annotated[
    str,
    Field(
        max_length=4096,
        description="Folder for the files, as the task names it; without it, the workspace; - is standard output.",
    ),
    _FOLDER,
]
STDOUT = "-"
"""The `Folder` of files that are printed and written nowhere."""


class Stopped(Exception):
    """Somebody wants the session to stop (which is no error); raised by `ToolContext.sleep`."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a reading tool found: text for the reader, and the same as data where a program wants it.

    `ok` False: the tool did its work and the answer is bad news (a rollout that failed).
    """

    text: str
    data: Json | None = None
    ok: bool = True
    whole: str = ""
    """The text as it was before it was cut; empty where it was not."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """The files a rendering tool would write, and where: a folder, `STDOUT`, or, when it is empty, the workspace.

    `summary` is one sentence. `folder` is what the call's argument of the type `Folder` says: only a person names
    one. The bytes are written as they are.
    """

    summary: str
    files: tuple[File, ...]
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool is given: the cluster, the clouds, and a clock that can be told to stop."""

    cluster: Cluster
    sleep: Callable[[float], None] = time.sleep
    """Wait so many seconds; raises `Stopped` when the session is to stop."""
    monotonic: Callable[[], float] = time.monotonic
    progress: Callable[[str], None] = field(default=lambda _text: None)
    """Say in a few words what is being waited for."""
    clouds: Callable[[str], Cloud] = no_clouds
    """The cloud of a system, `aws`; raises `ClusterSettingsError` where it cannot be addressed."""
    session: str = ""
    """Which session it is: what is made in a cloud is tagged with it."""
    mask: Callable[[Json], Json] = lambda value: value
    """Take the secrets out of an object, while its structure still tells which values are secret."""
    git_hosts: GitHosts = field(default_factory=GitHosts)
    """The git hosts that there is a token for."""


@dataclass(frozen=True)
class Tool:
    """A function, ready to be called with unchecked arguments."""

    function: Callable[..., Result | Plan | Rendering]
    risk: Risk
    narrow: str = "Ask for less."
    """How to ask for less when the result is too long."""
    always_asked: bool = False
    """A person approves each of its changes, in every environment."""
    offline: bool = False
    """It does its work without a cluster, too, and says what it took for granted."""
    verbatim: tuple[str, ...] = ()
    """Arguments whose values stand in the task as the person wrote it: no model chooses them."""

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__.rstrip("_")

    @property
    def description(self) -> str:
        """The docstring, as the model reads it."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The pydantic model of the arguments, from the function's signature."""
        fields: dict[str, Any] = {}
        parameters = inspect.signature(self.function).parameters
        for name, hint in self._hints.items():
            default = parameters[name].default if name in parameters else None
            is_needed = name in self._needed or default is inspect.Parameter.empty
            fields[name] = (hint, ... if is_needed else default)
        return create_model(self.name, __config__=ConfigDict(extra="forbid", frozen=True), **fields)

    @cached_property
    def schema(self) -> Json:
        """The JSON schema of the arguments, as the Messages API takes it (`input_schema`)."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        for described in schema.get("properties", {}).values():
            described.pop("title", None)
        return schema

    @cached_property
    def _hints(self) -> dict[str, Any]:
        """Each argument's type: those that tools share, `**asked: Unpack[...]` of a TypedDict, behind its own."""
        hints = get_type_hints(self.function, include_extras=True)
        parameters = inspect.signature(self.function).parameters
        own = {name: hints[name] for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY}
        return {**own, **(get_type_hints(self._shared, include_extras=True) if self._shared else {})}

    @cached_property
    def _shared(self) -> Any:
        """The TypedDict of the arguments that it shares with other tools; None where it shares none."""
        hints = get_type_hints(self.function, include_extras=True).values()
        return next((get_args(hint)[0] for hint in hints if get_origin(hint) is Unpack), None)

    @property
    def _needed(self) -> frozenset[str]:
        return self._shared.__required_keys__ if self._shared else frozenset()

    def namespaces(self, arguments: Mapping[str, Any]) -> list[str]:
        """The namespaces that a call acts in: its arguments of type `Namespace`, and of lists of it."""
        hints = self._hints
        scoped = [arguments[name] for name, hint in hints.items() if name in arguments and _is_marked(hint, _SCOPE)]
        values = (value for each in scoped for value in (each if isinstance(each, list | tuple) else [each]))
        return [str(value) for value in values if value]

    @cached_property
    def _folders(self) -> tuple[str, ...]:
        return tuple(name for name, hint in self._hints.items() if _is_marked(hint, _FOLDER))

    def only_who_asks_may_choose(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """The arguments of a call that the task has to name word for word: `verbatim`, and folders of one's own."""
        return (*self.verbatim, *(name for name in self._folders if arguments.get(name) != STDOUT))

    def prints(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a call gives its files to standard output, and so changes nothing."""
        return any(arguments.get(name) == STDOUT for name in self._folders)

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Checked arguments with their defaults filled in; raises `ArgumentsError`."""
        try:
            model = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            raise ArgumentsError(_say(self.name, error)) from error
        return {name: getattr(model, name) for name in type(model).model_fields}

    def __call__(self, context: ToolContext, arguments: Mapping[str, Any]) -> Result | Plan | Rendering:
        """Check the arguments and run. A `Result`'s text is capped, with a note on how to narrow."""
        outcome = self.function(context, **self.check(arguments))
        if isinstance(outcome, Result) and len(outcome.text) > RESULT_LIMIT_CHARS:
            return Result(cap(outcome.text, self.narrow), outcome.data, outcome.ok, outcome.text)
        return outcome


def _is_marked(hint: Any, mark: object) -> bool:
    if mark in getattr(hint, "__metadata__", ()):
        return True
    inner = (*get_args(hint), getattr(hint, "__origin__", None))
    return any(_is_marked(each, mark) for each in inner if each is not None)


def cap(text: str, narrow: str) -> str:
    """The first and last parts of a text that is too long, and what is missing between."""
    if len(text) <= RESULT_LIMIT_CHARS:
        return text
    half = RESULT_LIMIT_CHARS // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[... {left_out} characters left out. {narrow}]\n{text[-half:]}"


def _say(tool: str, error: ValidationError) -> str:
    faults = [f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()]
    return f"{tool}: {'; '.join(faults)}. Mend the arguments and call again; `desk tools {tool}` shows them."
