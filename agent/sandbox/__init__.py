"""A Kubernetes API in this process, over real HTTP, filled with broken workloads.

with Sandbox() as sandbox:
    connect(sandbox.kubeconfig())
"""

import asyncio
import threading
from types import TracebackType

from agent.sandbox.workloads import DEFAULT_NAMESPACE

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0


class Sandbox:
    """The sandbox's API server, running in a daemon thread between enter and exit.

    Every instance starts afresh and may be entered once. `url` is `http://127.0.0.1:PORT`.
    """

    def __init__(self) -> None:
        self.url = ""
        self.namespace = DEFAULT_NAMESPACE
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="desk-sandbox", daemon=True)

    def __enter__(self) -> "Sandbox":
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_S) or self._failure is not None:
            raise RuntimeError("the sandbox's API server did not start on 127.0.0.1") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(STOP_TIMEOUT_S)

    def kubeconfig(self) -> dict[str, object]:
        """A kubeconfig document (kubectl's `v1` `Config`) whose only context is `sandbox`."""
        context = {"cluster": "sandbox", "user": "sandbox", "namespace": self.namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.url}}],
            "users": [{"name": "sandbox", "user": {"token": "sandbox"}}],
            "contexts": [{"name": "sandbox", "context": context}],
            "current-context": "sandbox",
        }

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - raised again by __enter__, in the caller's thread
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from agent.sandbox.server import serve

        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        await serve(self._started, self._stopped)

    def _started(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._ready.set()
