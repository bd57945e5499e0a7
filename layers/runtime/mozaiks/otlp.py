"""Sends spans by OTLP over HTTP. Its packages are an extra, ``requirements/otel.in``; nobody else imports them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator

from mozaiks.engine.budget import BudgetSpent
from mozaiks.engine.safe_point import ToBeCancelled
from mozaiks.engine.spans import Fact, Facts, SpanKind
from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings

__all__ = ["OtlpTracer"]

_TIMEOUTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_SECONDS: Final = 3.0
"""A collector that is silent holds each slice up for so long; the library's own 10 s are for processes that live on."""
_PLANNED: Final = (BudgetSpent, ToBeCancelled)
"""Exceptions by which a turn stops as it should."""
_KINDS: Final = {"internal": trace.SpanKind.INTERNAL, "client": trace.SpanKind.CLIENT}
_TRACE: ContextVar[str] = ContextVar("mozaiks_trace")


class OtlpTracer:
    """One a process.

    It is not made the process's global tracer: what tools and libraries would send through that may hold contents.
    """

    def __init__(self, config: Settings) -> None:
        if config.otel_exporter_otlp_endpoint is None:
            raise MozaiksError(
                "CONFIGURATION", "OTEL_EXPORTER_OTLP_ENDPOINT is not set; there is nowhere to send spans"
            )
        facts = {"deployment.environment.name": config.stage}
        if "OTEL_SERVICE_NAME" not in os.environ:
            facts["service.name"] = "mozaiks"
        exporter = OTLPSpanExporter(
            endpoint=f"{config.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces",
            headers=dict(config.otel_headers),
            # Where it is set, the library reads it itself.
            timeout=None if any(os.environ.get(name) for name in _TIMEOUTS) else _SECONDS,
        )
        self._provider = TracerProvider(resource=Resource.create(facts), id_generator=_Ids(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("mozaiks")

    @contextmanager
    def span(self, trace_name: str, name: str, kind: SpanKind, facts: Facts) -> Iterator[_OtlpSpan]:
        token = _TRACE.set(trace_name)
        beneath = trace.get_current_span().get_span_context()
        # A span of somebody else's, say of an instrumented Lambda, is no parent: it would put slices into traces apart.
        context = None if beneath.is_valid and beneath.trace_id == _trace_id(trace_name) else Context()
        try:
            with self._tracer.start_as_current_span(
                name, context, _KINDS[kind], _known(facts), record_exception=False, set_status_on_exception=False
            ) as span:
                made = _OtlpSpan(span)
                try:
                    yield made
                except _PLANNED:
                    raise
                except Exception as error:
                    # Not its words: they may repeat what people said, or hold a key.
                    made.fail(error.code if isinstance(error, MozaiksError) else type(error).__qualname__)
                    raise
        finally:
            _TRACE.reset(token)

    async def flush(self) -> None:
        await asyncio.to_thread(self._provider.force_flush)

    def close(self) -> None:
        """Send what is left, and end the thread that sends."""
        self._provider.shutdown()


class _OtlpSpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, facts: Facts) -> None:
        self._span.set_attributes(_known(facts))

    def fail(self, kind: str) -> None:
        self._span.set_attribute(Fact.ERROR.value, kind)
        self._span.set_status(trace.StatusCode.ERROR)


class _Ids(IdGenerator):
    """Trace ids from the name of the trace, so that every worker that goes on with a run finds the same.

    Span ids come from the system: environments that are made of one snapshot share the state of ``random``.
    """

    def generate_span_id(self) -> int:
        return secrets.randbits(64) or 1

    def generate_trace_id(self) -> int:
        return _trace_id(_TRACE.get())


def _trace_id(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16]) or 1


def _known(facts: Facts) -> dict[str, str | int]:
    return {name.value: value for name, value in facts.items() if value is not None}
