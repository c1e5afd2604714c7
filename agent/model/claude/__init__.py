"""Claude behind the model port: the `anthropic` SDK over HTTP, streamed.

model.py     the `Model`: light, for it is imported before the first turn
turn.py      sends, streams, asks again; imports the SDK
request.py   the conversation as a request of the Messages API. Pure
schema.py    tools as the API takes them, strict where its limits allow. Pure
answer.py    the API's answer as the blocks of a turn. Pure
failure.py   the SDK's errors in Desk's words: which pass, and how long to wait. Pure
window.py    the size of the context window, as the API says it
price.py     what a turn costs. Pure
"""
