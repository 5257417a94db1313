"""Prometheus metrics. Labels are bounded: routes are templates, never paths."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

http_requests = Counter(
    "tillvault_http_requests_total", "Requests answered.", ("method", "route", "status"), registry=REGISTRY
)
http_seconds = Histogram(
    "tillvault_http_request_seconds", "Time to answer.", ("route",), registry=REGISTRY, buckets=_SECONDS
)
cash_session_open = Counter(
    "tillvault_cash_session_open_total", "Attempts to open a drawer.", ("result", "code"), registry=REGISTRY
)
cash_session_open_seconds = Histogram(
    "tillvault_cash_session_open_seconds", "Time to open a drawer.", ("result",), registry=REGISTRY, buckets=_SECONDS
)
pin_attempts = Counter("tillvault_login_attempts_total", "Logins tried.", ("kind", "result"), registry=REGISTRY)
redis_up = Gauge(
    "tillvault_redis_up", "1 while Redis answers, 0 while rate limits are kept in the process.", registry=REGISTRY
)
