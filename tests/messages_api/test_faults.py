"""Faults, as the SDK meets them; each comes once, and then the turn is answered."""

from __future__ import annotations

import anthropic
import httpx2
import pytest
from anthropic.types import Message

from tests.messages_api.asking import ask, body_of, client_of
from tests.messages_api.script import Fault, Turn
from tests.messages_api.server import MessagesServer


def text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


STATUSES: list[tuple[int, type[anthropic.APIStatusError], str]] = [
    (400, anthropic.BadRequestError, "invalid_request_error"),
    (401, anthropic.AuthenticationError, "authentication_error"),
    (403, anthropic.PermissionDeniedError, "permission_error"),
    (404, anthropic.NotFoundError, "not_found_error"),
    (413, anthropic.APIStatusError, "request_too_large"),
    (429, anthropic.RateLimitError, "rate_limit_error"),
    (500, anthropic.InternalServerError, "api_error"),
    (503, anthropic.InternalServerError, "api_error"),
    (529, anthropic.InternalServerError, "overloaded_error"),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("status", "error", "kind"), STATUSES)
def test_an_http_error_then_the_answer(
    stream: bool, status: int, error: type[anthropic.APIStatusError], kind: str
) -> None:
    fault = Fault(status=status, headers={"retry-after": "7"})
    with MessagesServer([Turn(say="Yes.", faults=(fault,))]) as server:
        client = client_of(server)
        with pytest.raises(error) as caught:
            ask(client, body_of("hi"), stream=stream)
        assert text(ask(client, body_of("hi"), stream=stream)) == "Yes."
    raised = caught.value
    assert (raised.status_code, raised.type) == (status, kind)
    assert raised.response.headers["retry-after"] == "7"
    assert raised.request_id
    assert (server.attempts, len(server.requests), server.refused) == (2, 1, [])


def test_faults_come_in_order_to_each_conversation() -> None:
    faults = (Fault(status=529), Fault(status=429))
    with MessagesServer([Turn(say="Yes.", faults=faults)]) as server:
        client = client_of(server)
        for task in ("a", "b"):
            for status in (529, 429):
                with pytest.raises(anthropic.APIStatusError) as caught:
                    ask(client, body_of(task))
                assert caught.value.status_code == status
            ask(client, body_of(task))


def test_the_sdk_s_own_retries_outlast_faults_before_the_stream() -> None:
    faults = (Fault(status=529, headers={"retry-after-ms": "1"}), Fault(hang_s=0.1))
    with MessagesServer([Turn(say="Yes.", faults=faults)]) as server:
        assert text(ask(client_of(server, max_retries=2), body_of("hi"))) == "Yes."
        assert server.attempts == 3


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_cut_stream_is_an_error_of_the_transport_that_the_sdk_does_not_retry(count: int) -> None:
    with MessagesServer([Turn(say="Yes.", faults=(Fault(cut_after_events=count),))]) as server:
        client = client_of(server, max_retries=2)
        with pytest.raises(httpx2.RemoteProtocolError, match="incomplete chunked read"):
            ask(client, body_of("hi"))
        assert server.attempts == 1
        assert text(ask(client, body_of("hi"))) == "Yes."


def test_a_stream_that_ends_too_early_looks_whole_but_for_its_stop_reason() -> None:
    with MessagesServer([Turn(say="Yes, of course.", faults=(Fault(end_after_events=5),))]) as server:
        answer = ask(client_of(server), body_of("hi"))
    assert answer.stop_reason is None
    assert text(answer) == "Yes, of "


def test_an_error_event_has_status_200_and_says_its_type() -> None:
    with MessagesServer([Turn(say="Yes.", faults=(Fault(error_event_after=4),))]) as server:
        client = client_of(server)
        with pytest.raises(anthropic.APIStatusError) as caught:
            ask(client, body_of("hi"))
        assert text(ask(client, body_of("hi"))) == "Yes."
    assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")


def test_an_answer_that_is_not_streamed_is_cut_in_half_or_a_529() -> None:
    faults = (Fault(cut_after_events=3), Fault(error_event_after=3))
    with MessagesServer([Turn(say="Yes.", faults=faults)]) as server:
        client = client_of(server)
        with pytest.raises(anthropic.APIConnectionError):
            ask(client, body_of("hi"), stream=False)
        with pytest.raises(anthropic.InternalServerError):
            ask(client, body_of("hi"), stream=False)
        ask(client, body_of("hi"), stream=False)


def test_the_timeout_counts_from_byte_to_byte() -> None:
    faults = (Fault(hang_s=3000), Fault(cut_after_events=3, hang_s=3000))
    with MessagesServer([Turn(say="Yes.", faults=faults)]) as server:
        client = client_of(server, timeout=0.5)
        with pytest.raises(anthropic.APITimeoutError):
            ask(client, body_of("hi"))
        with pytest.raises(httpx2.ReadTimeout):
            ask(client, body_of("hi"))
        assert text(ask(client, body_of("hi"))) == "Yes."


def test_a_refused_request_does_not_use_up_a_fault() -> None:
    with MessagesServer([Turn(say="Yes.", faults=(Fault(status=529),))]) as server:
        client = client_of(server)
        with pytest.raises(anthropic.BadRequestError):
            ask(client, body_of("hi", max_tokens=0))
        with pytest.raises(anthropic.InternalServerError):
            ask(client, body_of("hi"))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "ends in one way"),
        ({"status": 529, "cut_after_events": 1}, "ends in one way"),
        ({"status": 418}, "418 is none of"),
    ],
)
def test_a_fault_that_makes_no_sense(settings: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Fault(**settings)  # type: ignore[arg-type]
