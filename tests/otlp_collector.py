"""An OTLP collector over HTTP, for tests: takes spans as any other does, and gives them back."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["Collector"]


class Collector:
    """An OTLP collector over HTTP: takes what it is sent, and keeps it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                if self.path == "/v1/traces" and outer.status == 200:
                    outer.bodies.append(body)
                self.send_response(outer.status if self.path == "/v1/traces" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Not into the tests' output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Every span: its name, ids, attributes and whether it failed. In the order they ended."""
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                of_process = {each.key: each.value.string_value for each in resource.resource.attributes}
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    facts = {
                        each.key: getattr(each.value, each.value.WhichOneof("value") or "") for each in span.attributes
                    }
                    found.append(
                        {
                            "name": span.name,
                            "id": span.span_id,
                            "parent": span.parent_span_id or None,
                            "trace": span.trace_id,
                            "facts": facts,
                            "failed": span.status.code == 2,
                            "said": (span.status.message, list(span.events)),
                            "process": of_process,
                        }
                    )
        return found

    def one(self, name: str) -> dict[str, Any]:
        (span,) = [span for span in self.spans if span["name"] == name]
        return span

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
