"""The API of `desk serve`, at /api/v1: sessions for programs, what they wait for, what happens in them.

    operations.py   what there is: the one table that routes and the OpenAPI document are made of
    routes.py       who may ask, what is taken, how an answer is made; a function an operation is in handlers.py
    bearer.py       who comes with a token
    bodies.py       what is taken and given, besides the documents of `agent.surfaces`
    problems.py     how a refusal is told (RFC 9457)
    stream.py       a session's events, as they are written
    openapi.py      the OpenAPI document
    running.py      what is to be started, stopped and cancelled, from the journal alone
    launching.py    who runs a session: the port, and processes of this machine
    jobs.py         the same by Kubernetes Jobs
    callbacks.py    what is told to whoever asked, when a process of it ends

No cookie counts here: a page of somebody else's cannot have a browser do anything.
"""
