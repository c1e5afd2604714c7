"""The web page of `desk serve`: what the journal has, live, and the deciding of what waits.

    server.py     routes, what every answer carries, the socket
    guard.py      which requests are answered at all: host, origin, login, token of a form
    visits.py     who is logged in with which browser
    logins.py     a one-time link, a token of Kubernetes
    oidc.py       OpenID Connect
    pages.py      a function a page; templates/ and static/ are what it looks like
    api/          the API for programs
    story.py      a session's events, as a page tells them (pure)
    metrics.py    what Prometheus scrapes

Handlers are plain functions in threads, for the core is sync; only what waits for a browser is async.
"""
