"""How the relay fares. Labels are bounded: every webhook counts as `webhook`."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from tillvault.core.metrics import REGISTRY

events = Counter(
    "tillvault_relay_events_total",
    "Deliveries of events: delivered, failed (will be tried again) or dead.",
    ("sink", "result"),
    registry=REGISTRY,
)
lag_seconds = Gauge(
    "tillvault_relay_lag_seconds",
    "Age of the oldest event that is not delivered everywhere; 0 when there is none.",
    registry=REGISTRY,
)
dead_letters = Gauge("tillvault_relay_dead_letters", "Dead letters that nobody has replayed.", registry=REGISTRY)
sink_up = Gauge(
    "tillvault_relay_sink_up", "0 while a stream or subscriber takes nothing.", ("sink",), registry=REGISTRY
)


def count(target: str, result: str, number: int = 1) -> None:
    events.labels(target.partition(":")[0] if target.startswith("webhook:") else target, result).inc(number)
