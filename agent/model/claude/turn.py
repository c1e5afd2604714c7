"""One turn of Claude: send, stream, and ask again while the failure is one that passes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import httpx2
from anthropic import Anthropic, APIError, Timeout
from anthropic.types import Message

from agent.errors import DeskError, ModelError
from agent.model.claude.answer import blocks_of, cache_miss_of, stop_reason_of, usage_of
from agent.model.claude.failure import CutOff, Passing, TooLong, judged, refuses, wait_s
from agent.model.claude.model import Profile
from agent.model.claude.request import DIAGNOSTICS, Request, request_of, without_diagnostics
from agent.model.port import Conversation, Part, Retrying, TextDelta, TurnEnded
from tools.json import Json

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
# Between here and the model. The SDK does not translate what breaks a stream; httpx2 is its HTTP client.
ON_THE_WAY = (APIError, httpx2.HTTPError, httpx2.StreamError, CutOff)


def client_of(profile: Profile) -> Anthropic:
    """The SDK's client, without retries of its own: nobody would see them, and a hang would last for hours."""
    return Anthropic(
        api_key=profile.api_key,
        base_url=profile.base_url,
        max_retries=0,
        timeout=Timeout(profile.timeout_s, connect=min(CONNECT_TIMEOUT_S, profile.timeout_s)),
    )


def turn(
    client: Anthropic, profile: Profile, conversation: Conversation, sleep: Callable[[float], None]
) -> Iterator[Part]:
    """The parts of one turn. Raises `ModelSettingsError` and `ModelError`."""
    request = request_of(profile.model, conversation)
    failures: list[str] = []
    waited_s = 0.0
    while True:
        try:
            yield from _attempt(client, profile, request, tuple(failures))
        except ON_THE_WAY as error:
            if DIAGNOSTICS in request.body and refuses(error, DIAGNOSTICS):
                request = without_diagnostics(request)
                continue
            failure = judged(error, profile.base_url)
            if isinstance(failure, TooLong):
                yield TurnEnded((), "model_context_window_exceeded", request=request.digest)
                return
            if isinstance(failure, DeskError):
                raise failure from error
            failures.append(failure.reason)
            wait = wait_s(len(failures), failure, waited_s, profile.patience_s)
            if wait is None:
                raise _given_up(profile.model, len(failures), failure) from error
        else:
            return
        log.info("the model is asked again: %s", failure.reason, extra={"model": profile.model, "wait_s": wait})
        yield Retrying(failure.reason, wait)
        sleep(wait)
        waited_s += wait


def _attempt(client: Anthropic, profile: Profile, request: Request, retries: tuple[str, ...]) -> Iterator[Part]:
    message: Message | None = None
    with client.messages.stream(**_parameters(profile, request)) as stream:
        try:
            for event in stream:
                if event.type == "text":
                    yield TextDelta(event.text)
                elif event.type == "thinking":
                    yield TextDelta(event.thinking, thinking=True)
                elif event.type == "message_stop":
                    message = event.message
        except ValueError as error:  # an event, or the arguments of a call, that are not JSON
            raise CutOff(f"the stream is garbled: {error}") from error
    if message is None:
        raise CutOff("the stream broke off")
    usage = usage_of(message)
    yield TurnEnded(
        blocks_of(message),
        stop_reason_of(message),
        usage,
        cost_usd=profile.price.cost_usd(usage) if profile.price else None,
        retries=retries,
        request=request.digest,
        stop_details=message.stop_details.model_dump(mode="json") if message.stop_details else None,
        id=message.id if DIAGNOSTICS in request.body else "",
        cache_miss=cache_miss_of(message),
    )


def _parameters(profile: Profile, request: Request) -> Json:
    effort = {"output_config": {"effort": profile.effort}} if profile.effort else {}
    # What a model says between its calls comes as thinking, so without `summarized` it would work in silence.
    thinking = {"type": "adaptive", "display": "summarized"}
    return {**request.body, "max_tokens": profile.max_tokens, "thinking": thinking, **effort}


def _given_up(model: str, tries: int, last: Passing) -> ModelError:
    when = f", and asks to wait {last.retry_after_s:.0f} s" if last.retry_after_s else ""
    return ModelError(
        f"{model} gives no answer after {'one try' if tries == 1 else f'{tries} tries'}: {last.reason}{when}. "
        "Nothing is lost: resume later, or run anew with --model playbook."
    )
