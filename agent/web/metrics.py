"""What Prometheus scrapes of a workspace: counts of sessions, turns, calls, approvals and incidents.

No label has the name of a namespace, a session or a person: their number has no end, and a scrape is open to
whoever reaches it. Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.model.port import USAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client.core import Metric

    from agent.journal.journal import Entry, Journal
    from agent.journal.summary import Summary

MEDIA_TYPE = CONTENT_TYPE_LATEST
COUNTED = ("model_turn", "call_gated", "approval_asked", "approval_decided", "incident_opened", "session_closed")


class Metrics(Collector):
    """The counts, which are kept up with the journal: each event is read once."""

    def __init__(self, journal: Journal, summary: Callable[[], Summary]) -> None:
        self._journal = journal
        self._summary = summary
        self._seen = 0
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._cost_usd = 0.0
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def scraped(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """As the journal stands now."""
        with self._lock:
            for entry in self._journal.entries(types=COUNTED, after=self._seen):
                self._count(entry)
                self._seen = entry.seq
            counts, cost_usd = self._counts.copy(), self._cost_usd
        summary = self._summary()
        standing = GaugeMetricFamily("desk_sessions", "Sessions, by how they stand.", labels=["status"])
        for word, number in sorted(Counter(line.word for line in summary.sessions).items()):
            standing.add_metric([word], number)
        yield standing
        waiting = len(summary.waiting)
        yield GaugeMetricFamily("desk_approvals_pending", "Approvals that wait for a person.", value=waiting)
        for name, told, labels in _COUNTERS:
            family = CounterMetricFamily(name, told, labels=labels)
            for key, value in sorted(counts.items()):
                if key[0] == name:
                    family.add_metric([*key[1:]], value)
            yield family
        yield CounterMetricFamily(
            "desk_model_cost_usd", "What models have cost, where it is known.", value=cost_usd
        )
        yield GaugeMetricFamily("desk_journal_events", "Events in the journal.", value=self._journal.newest())

    def _count(self, entry: Entry) -> None:
        body, counts = entry.body, self._counts
        match entry.type:
            case "model_turn":
                counts["desk_model_turns", str(body.get("model") or "unknown")] += 1
                for name in USAGE:
                    counts["desk_model_tokens", name] += int((body.get("usage") or {}).get(name) or 0)
                self._cost_usd += float(body.get("cost_usd") or 0)
            case "call_gated":
                counts["desk_calls_gated", str(body["risk"]), str(body["verdict"])] += 1
            case "approval_asked":
                counts["desk_approvals_asked", str(body["priority"])] += 1
            case "approval_decided":
                counts["desk_approvals_decided", str(body["decision"])] += 1
            case "incident_opened":
                counts["desk_incidents", str(body["severity"])] += 1
            case _:
                counts["desk_sessions_closed", str(body["outcome"])] += 1


_COUNTERS = (
    ("desk_sessions_closed", "Sessions that are over, by how they ended.", ["outcome"]),
    ("desk_model_turns", "Turns of a model.", ["model"]),
    ("desk_model_tokens", "Tokens, as the Messages API counts them.", ["kind"]),
    ("desk_calls_gated", "Calls that the gate has decided.", ["risk", "verdict"]),
    ("desk_approvals_asked", "Approvals that were asked for.", ["priority"]),
    ("desk_approvals_decided", "Approvals that wait no more, by how.", ["decision"]),
    ("desk_incidents", "Incidents that were opened.", ["severity"]),
)
