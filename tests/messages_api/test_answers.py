"""The server's answers, as the SDK reads them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import anthropic
import pytest

from tests.messages_api.asking import HAIKU, OPUS, SONNET, ask, body_of, client_of, results, said
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.json import Json

TURNS = [
    Turn(think="Where is it?", say="I look.", calls=(Call("look", {"path": "/é"}), Call("look", {"path": "b"}))),
    Turn(redacted_thinking="secret", think="There.", calls=(Call("look", {"path": "c"}),)),
    Turn(think="Enough.", say="It is there."),
]


def types(message: anthropic.types.Message) -> list[str]:
    return [block.type for block in message.content]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", [SONNET, OPUS, HAIKU])
@pytest.mark.parametrize("display", ["summarized", "omitted"])
def test_a_conversation_with_tools_and_thinking(stream: bool, model: str, display: str) -> None:
    thinking = {"type": "adaptive", "display": display}
    with MessagesServer(TURNS) as server:
        client = client_of(server, _strict_response_validation=True)
        conversation: list[Json] = [{"role": "user", "content": "Where is it?"}]
        answers = []
        for _ in TURNS:
            body = body_of(*conversation, model=model, thinking=thinking, system="Look well.")
            answers.append(ask(client, body, stream=stream))
            conversation += [said(answers[-1]), results(answers[-1])]
    first, second, third = answers
    assert types(first) == ["thinking", "text", "tool_use", "tool_use"]
    assert types(second) == ["redacted_thinking", "thinking", "tool_use"]
    assert types(third) == ["thinking", "text"]
    assert [answer.stop_reason for answer in answers] == ["tool_use", "tool_use", "end_turn"]
    assert first.to_dict()["content"][2]["input"] == {"path": "/é"}  # type: ignore[index]
    assert third.to_dict()["content"][0]["thinking"] == ("Enough." if display == "summarized" else "")  # type: ignore[index]
    assert (len(server.requests), server.refused, server.attempts) == (3, [], 3)


def test_the_events_of_a_stream_are_the_api_s() -> None:
    turn = Turn(think="Hm.", say="Ah, yes.", calls=(Call("look", {"path": "a"}), Call("look")))
    with MessagesServer([turn]) as server:
        response = client_of(server).messages.with_raw_response.create(**body_of("hi"), stream=True)
        events = [(event.event, event.data) for event in anthropic.Stream.raw_events(response.http_response)]
    names = [name for name, _ in events]
    assert names[:3] == ["message_start", "ping", "content_block_start"]
    assert names[-3:] == ["ping", "message_delta", "message_stop"]
    assert (names.count("content_block_start"), names.count("content_block_stop")) == (4, 4)
    kinds = [
        data.split('"delta": {"type": "')[1].split('"')[0] for name, data in events if name == "content_block_delta"
    ]
    thinking, said_, used = kinds[:4], kinds[4:8], kinds[8:]
    assert thinking == ["thinking_delta"] * 3 + ["signature_delta"]
    assert said_ == ["text_delta"] * 4
    assert used == ["input_json_delta"] * 6, "an empty piece and four for the first call, an empty one for the next"
    assert response.headers["request-id"].startswith("req_")


def test_thinking_is_omitted_unless_it_is_asked_for() -> None:
    with MessagesServer(TURNS) as server:
        with client_of(server).messages.stream(**body_of("hi", thinking=None)) as stream:
            deltas = [event.delta.type for event in stream if event.type == "content_block_delta"]
        thinking = stream.get_final_message().content[0]
    assert "thinking_delta" not in deltas
    assert thinking.type == "thinking"
    assert thinking.thinking == ""
    assert thinking.signature


def test_ids_follow_from_the_conversation() -> None:
    def ids(task: str) -> list[str]:
        with MessagesServer(TURNS) as server:
            answer = ask(client_of(server), body_of(task))
        return [answer.id, *(block.id for block in answer.content if block.type == "tool_use")]

    assert ids("one") == ids("one")
    assert len({*ids("one"), *ids("two")}) == 6
    assert ids("one")[1].startswith("toolu_")


@pytest.mark.parametrize("stream", [True, False])
def test_the_last_call_breaks_off(stream: bool) -> None:
    call = Call("look", {"path": "a", "more": "a long text that does not end"})
    cut = Turn(calls=(Call("look", {"path": "b"}), call), stop_reason="max_tokens", cut_last_call=True)
    with MessagesServer([cut, Turn(think="Again.", say="Sorry."), Turn(say="Bye.")]) as server:
        client = client_of(server)
        answer = ask(client, body_of("hi"), stream=stream)
        again = ask(client, body_of("hi", said(answer), results(answer)), stream=stream)
        ask(client, body_of("hi", said(answer), results(answer), said(again), "so?"), stream=stream)
    assert answer.stop_reason == "max_tokens"
    assert [block.input for block in answer.content if block.type == "tool_use"] == [{"path": "b"}, {"path": "a"}]
    assert server.refused == []


@pytest.mark.parametrize("stream", [True, False])
def test_a_refusal_has_its_details(stream: bool) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "No."}
    with MessagesServer([Turn(stop_reason="refusal", stop_details=details)]) as server:
        answer = ask(client_of(server), body_of("hi"), stream=stream)
    assert answer.stop_reason == "refusal"
    assert answer.stop_details is not None
    assert answer.stop_details.category == "cyber"
    assert answer.content == []


@pytest.mark.parametrize("stream", [True, False])
def test_a_paused_turn_is_sent_back_and_goes_on(stream: bool) -> None:
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    turns = [
        Turn(think="Let me.", say="I search.", stop_reason="pause_turn"),
        Turn(raw_blocks=(search,), stop_reason="pause_turn"),
        Turn(think="Found.", say="Done."),
        Turn(say="Bye."),
    ]
    with MessagesServer(turns) as server:
        client = client_of(server)
        conversation: list[Json] = [{"role": "user", "content": "hi"}]
        for _ in range(3):
            answer = ask(client, body_of(*conversation), stream=stream)
            conversation.append(said(answer))
        assert types(answer) == ["thinking", "text"]
        ask(client, body_of(*conversation, "thanks"), stream=stream)
    assert conversation[2]["content"][0]["input"] == {"query": "x"}


def test_a_resumed_session_goes_on_where_it_was() -> None:
    with MessagesServer(TURNS) as server:
        answer = ask(client_of(server), body_of("hi"))
    with MessagesServer(TURNS) as server:
        assert types(ask(client_of(server), body_of("hi", said(answer), results(answer))))[0] == "redacted_thinking"


def test_turns_can_be_made_from_the_request() -> None:
    with MessagesServer(lambda body: Turn(say=f"You have {len(body['messages'])}.")) as server:
        answer = ask(client_of(server), body_of("a", "b"))
    assert answer.to_dict()["content"] == [{"type": "text", "text": "You have 2."}]


def test_beyond_the_script_is_a_500_that_no_client_repeats() -> None:
    with MessagesServer([]) as server:
        with pytest.raises(anthropic.InternalServerError, match="The script has 0 turns; this request asks for"):
            ask(client_of(server, max_retries=3), body_of("hi"))
        assert server.attempts == 1


def test_system_messages_and_repeated_roles_are_taken() -> None:
    told = {"role": "system", "content": "Read only from now on."}
    with MessagesServer(TURNS) as server:
        client = client_of(server)
        answer = ask(client, body_of("a", "b", told))
        ask(client, body_of("a", "b", told, said(answer), results(answer), told, told))
    assert server.refused == []


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_can_take_its_time(stream: bool) -> None:
    slow = Turn(say="Hm.", delay_s=0.4)
    with MessagesServer([slow, slow]) as server:
        with pytest.raises(anthropic.APITimeoutError):
            ask(client_of(server).with_options(timeout=0.2), body_of("hi"), stream=stream)
        ask(client_of(server), body_of("hi"), stream=stream)


def test_thinking_can_be_turned_off_where_the_model_lets_it() -> None:
    with MessagesServer(TURNS) as server:
        client = client_of(server)
        off = ask(client, body_of("a", model=HAIKU, thinking={"type": "disabled"}))
        between = ask(client, body_of("b", model=SONNET, thinking={"type": "between_tools"}))
    assert types(off)[0] == "text"
    assert between.to_dict()["content"][0]["thinking"] == "Where is it?"  # type: ignore[index]


def test_thirty_clients_at_once_get_each_their_own_turns() -> None:
    def session(number: int) -> list[str]:
        client = client_of(server)
        conversation: list[Json] = [{"role": "user", "content": f"Task {number}"}]
        for _ in TURNS:
            answer = ask(client, body_of(*conversation))
            conversation += [said(answer), results(answer)]
        return [message["content"][-1]["type"] for message in conversation if message["role"] == "assistant"]

    with MessagesServer(TURNS) as server, ThreadPoolExecutor(30) as pool:
        sessions = list(pool.map(session, range(30)))
    assert sessions == [["tool_use", "tool_use", "text"]] * 30
    assert (server.attempts, len(server.requests), len(server.arrivals)) == (90, 90, 90)
