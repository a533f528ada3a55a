"""OpenTelemetry's own SDK: `send` makes a trace and exports it as its environment says; `read` prints a message as JSON."""
import json
import sys


def send():
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
    from opentelemetry.trace import SpanKind, Status, StatusCode

    results = []

    class Telling(OTLPSpanExporter):
        def export(self, spans):
            results.append(super().export(spans) is SpanExportResult.SUCCESS)
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Telling(compression=Compression.Gzip)))
    tracer = provider.get_tracer("outside", "1.0")
    with tracer.start_as_current_span("POST /invoice", kind=SpanKind.SERVER) as root:
        root.set_attribute("http.response.status_code", 201)
        root.set_attribute("tags", ["a", "b"])
        with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT) as query:
            query.add_event("retry", {"attempt": 2})
            query.set_status(Status(StatusCode.ERROR, "deadlock"))
        context = root.get_span_context()
    provider.shutdown()
    print(json.dumps({"traceId": format(context.trace_id, "032x"), "sent": results}))


def read():
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest.FromString(sys.stdin.buffer.read())
    print(json.dumps(MessageToDict(message)))


{"send": send, "read": read}[sys.argv[1]]()
