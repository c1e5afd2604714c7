"""The web application: its probes, its metrics, and a log line for each request."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
#% if database != "none" or type == "web-api"

#% endif
#% if database != "none"
from app import database
#% endif
#% if type == "web-api"
from app.api import router
#% endif

log = logging.getLogger("app.http")

REQUESTS = Counter("http_requests", "Requests that were answered.", ["method", "path", "status"])
SECONDS = Histogram("http_request_duration_seconds", "Time to answer a request.", ["method", "path"])
PROBES = ("/healthz", "/readyz", "/metrics")


def application() -> FastAPI:
    """The application, ready to be served."""
    app = FastAPI(title="«app»")
    app.middleware("http")(observed)
    app.get("/healthz")(healthz)
    app.get("/readyz")(readyz)
    app.get("/metrics")(metrics)
#% if type == "web-api"
    app.include_router(router)
#% endif
    return app


async def healthz() -> dict[str, str]:
    """Liveness: the process answers. It depends on nothing else, for a restart would mend nothing else."""
    return {"status": "ok"}


#% if database == "none"
async def readyz() -> dict[str, str]:
    """Readiness: requests may be sent."""
    return {"status": "ready"}
#% else
def readyz(response: Response) -> dict[str, str]:
    """Readiness: requests may be sent, for the database answers."""
    try:
        database.check()
    except database.Error as error:
        log.warning("the database does not answer", extra={"error": str(error)})
        response.status_code = 503
        return {"status": "the database does not answer"}
    return {"status": "ready"}
#% endif


async def metrics() -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def observed(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Count, time and log each request, by its route and not its path: a path may hold anything."""
    began = time.perf_counter()
    status = 500
    try:
        response = await answer(request)
        status = response.status_code
        return response
    finally:
        seconds = time.perf_counter() - began
        path = getattr(request.scope.get("route"), "path", "unknown")
        REQUESTS.labels(request.method, path, status).inc()
        SECONDS.labels(request.method, path).observe(seconds)
        level = logging.DEBUG if path in PROBES else logging.INFO
        said = {"method": request.method, "path": path, "status": status, "seconds": round(seconds, 4)}
        log.log(level, "answered", extra=said)
