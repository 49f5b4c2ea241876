"""Traces by OpenTelemetry (`polypost[otel]`): on only where its own environment names an endpoint.

Without one a span costs a look at a name, and nothing of OpenTelemetry is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import structlog

from polypost import __version__

log = structlog.get_logger("polypost.traces")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_OFF: AbstractContextManager[None] = nullcontext()
_NOTHING: Mapping[str, Any] = {}
_tracing: _Tracing | None = None


class _Tracing:
    """OpenTelemetry's tracer with what it needs at hand."""

    def __init__(self) -> None:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        # The environment's OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before these.
        named = {"service.version": __version__}
        if not os.environ.get("OTEL_SERVICE_NAME"):
            named["service.name"] = "polypost"
        self.provider = TracerProvider(resource=Resource.create(named))
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = self.provider.get_tracer("polypost", __version__)
        self.trace = trace
        self.reader = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Any], kind: str, carrier: Mapping[str, str] | None
    ) -> Iterator[None]:
        parent = None if carrier is None else self.reader.extract(carrier)
        # What an exception says may hold what others must not see; its class does not.
        with self.tracer.start_as_current_span(
            name,
            context=parent,
            kind=self.trace.SpanKind[kind.upper()],
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            try:
                yield
            except BaseException as error:
                current.set_attribute("error.type", type(error).__name__)
                current.set_status(self.trace.StatusCode.ERROR)
                raise


def start() -> None:
    """Begin, where the environment says so; a process that lacks the extra says it and goes on without."""
    global _tracing  # noqa: PLW0603  # one process, one tracer
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if off or not any(os.environ.get(name) for name in ENDPOINTS):
        return
    protocol = next((said for name in PROTOCOLS if (said := os.environ.get(name))), "http/protobuf")
    if protocol != "http/protobuf":
        log.warning("traces are off: only http/protobuf is spoken", protocol=protocol)
        return
    try:
        _tracing = _Tracing()
    except ImportError as missing:
        log.warning("traces are off: install polypost[otel]", reason=str(missing))


def stop() -> None:
    """Send what is left, and end."""
    global _tracing
    tracing, _tracing = _tracing, None
    if tracing is not None:
        tracing.provider.shutdown()


def span(
    name: str,
    attributes: Mapping[str, Any] = _NOTHING,
    *,
    kind: str = "internal",
    carrier: Mapping[str, str] | None = None,
) -> AbstractContextManager[None]:
    """What happens in the block, as a span; with a `carrier` of headers it belongs to the trace that they name.

    `kind` is `internal`, `server` or `client`. Attributes hold no secrets: addresses without path and query, no bodies.
    """
    return _OFF if _tracing is None else _tracing.span(name, attributes, kind, carrier)


def tell(attributes: Mapping[str, Any], *, name: str | None = None, failed: bool = False) -> None:
    """Add what is known by now to the span that the caller is in."""
    if _tracing is None:
        return
    current = _tracing.trace.get_current_span()
    current.set_attributes(dict(attributes))
    if name is not None:
        current.update_name(name)
    if failed:
        current.set_status(_tracing.trace.StatusCode.ERROR)


def on() -> bool:
    """Whether anything is traced; for callers to whom making the attributes costs something."""
    return _tracing is not None
