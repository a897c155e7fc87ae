"""An application that exports its traces: `python traced_app.py DSN ENDPOINT`."""

import sys

from conduit_runtime import Job, JobContext, Queue, WorkerPool
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def main(dsn: str, endpoint: str) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    trace.set_tracer_provider(provider)
    with Queue(dsn) as queue:
        with trace.get_tracer("shop").start_as_current_span("POST /orders"):
            queue.enqueue(Job(type="order.confirm"))
        pool = WorkerPool(queue)

        @pool.handler("order.confirm")
        async def confirm(context: JobContext, payload: object) -> None:
            with trace.get_tracer("shop").start_as_current_span("send mail"):
                pass

        pool.run(drain=True)
    provider.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
