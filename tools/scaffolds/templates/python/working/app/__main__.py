#% if type == "worker"
"""Work until SIGTERM; the item in hand is finished. Probes and metrics are served beside."""
#% else
"""Work once, and end. SIGTERM ends it after the item in hand."""
#% endif

from __future__ import annotations

import signal
#% if type == "cronjob"
import sys
#% else
import threading
#% endif
from threading import Event
#% if type == "worker"

import uvicorn
#% endif

from app import logs
from app.config import from_environment
#% if type == "worker"
from app.http import application
#% endif
from app.work import run_once

#% if type == "worker"

def main() -> None:
    """Work in a thread, and serve in this one: uvicorn returns after SIGTERM, and the thread is waited for."""
    config = from_environment()
    logs.set_up(config.log_level)
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())  # uvicorn, which stops at it, too, raises it again
    worker = threading.Thread(target=work_until, args=(stopping, config.interval_seconds), name="worker")
    worker.start()
    try:
        uvicorn.run(
            application(),
            host="0.0.0.0",  # noqa: S104  a container is reached by its pod's address
            port=config.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=config.shutdown_seconds,
        )
    finally:
        stopping.set()
        worker.join(config.shutdown_seconds)


def work_until(stopping: Event, interval_seconds: float) -> None:
    """Work, and work again after the interval."""
    while not stopping.is_set():
        run_once(stopping.is_set)
        stopping.wait(interval_seconds)
#% else

def main() -> int:
    """Do all there is to do; the exit code says whether it went well, so that Kubernetes tries again or not."""
    logs.set_up(from_environment().log_level)
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    return 0 if run_once(stopping.is_set) else 1
#% endif


if __name__ == "__main__":
#% if type == "worker"
    main()
#% else
    sys.exit(main())
#% endif
