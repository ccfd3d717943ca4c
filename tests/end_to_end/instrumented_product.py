"""A product that is instrumented with the SDK of OpenTelemetry, and says more of itself than it should. Run with PORT;
OTEL_EXPORTER_OTLP_ENDPOINT is where it exports to, PROVIDER_URL where it charges. Without them it is that provider."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE_S = 0.3
PROVIDER = os.environ.get("PROVIDER_URL", "")
log = logging.getLogger("shop")


def instrument() -> None:
    """As the documentation of OpenTelemetry does it; where to export to is told by the usual variables."""
    from opentelemetry import trace
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "shop"})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=200))
    trace.set_tracer_provider(tracing)
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=100))
    set_logger_provider(logs)
    log.addHandler(LoggingHandler(logger_provider=logs))
    log.setLevel(logging.INFO)
    log.propagate = False


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != "/pay":
            self._reply(200, {})
        elif PROVIDER:
            self._pay()

    def _pay(self) -> None:
        from opentelemetry import trace
        from opentelemetry.propagate import extract

        tracer, token = trace.get_tracer("shop"), self.headers.get("authorization", "")
        with tracer.start_as_current_span("GET /pay", context=extract(self.headers), kind=trace.SpanKind.SERVER,
                                          attributes={"http.route": "/pay", "http.header.authorization": token}) as span:
            log.info("asked to pay by %s <script>alert(1)</script>", token)
            status = 200 if self._charge() else 504
            span.set_attribute("http.status_code", status)
        self._reply(status, {})

    def _charge(self) -> bool:
        from opentelemetry import trace
        from opentelemetry.propagate import inject

        try:
            with trace.get_tracer("shop").start_as_current_span("charge the card", kind=trace.SpanKind.CLIENT):
                request = urllib.request.Request(f"{PROVIDER}/charge")
                headers: dict[str, str] = {}
                inject(headers)
                for name, value in headers.items():
                    request.add_header(name, value)
                urllib.request.urlopen(request, timeout=PATIENCE_S).read()
        except OSError:
            log.exception("the provider did not answer")
            return False
        return True

    def _reply(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the SDK flushes when the interpreter ends
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        instrument()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop).serve_forever()
