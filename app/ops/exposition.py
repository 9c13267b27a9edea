"""`/metrics`: what the processes of this data folder counted, and how things stand, for Prometheus.

No person's address or name is in it, and no token: every label is one of a closed set, a route's
template, or what an operator calls a relay.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import accumulate

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.responses import Response

from app.delivery import carrying
from app.ops import gauges, measured
from app.ops.gauges import Gauges
from app.ops.installation import House
from app.outreach import push_worker
from app.platform import duties, log, meter_files, own_threads
from app.platform.meters import Counts, Labels, Meter, Series
from app.tracking import edge, ingest

router = APIRouter(tags=["operation"])

BUILD = Meter("thinslice_build_info", "1, with the version that runs.", {"version": None})
COUNTED = (
    edge.ANSWERED,
    edge.REFUSED,
    ingest.INGESTED,
    carrying.CARRIED,
    push_worker.PUSHED,
    duties.FAILED,
    log.LINES,
    measured.REQUESTS,
    measured.SECONDS,
)
MEDIA = "text/plain; version=0.0.4; charset=utf-8"
_SHARED_SECONDS = 1.0  # one text for everybody who asks meanwhile


class Meters:
    """What is told, written once for all who ask within a second. One per process."""

    def __init__(self, house: House, gauges: Gauges) -> None:
        self._folder = house.meters
        self._gauges = gauges
        self._writing = threading.Lock()
        self._written: tuple[float, bytes] | None = None

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        with self._writing:
            if self._written is None or time.monotonic() - self._written[0] > _SHARED_SECONDS:
                told = written(meter_files.added_up(self._folder), self._gauges.look())
                self._written = time.monotonic(), told
            return self._written[1]


def written(counts: Counts, look: gauges.Look) -> bytes:
    """Prometheus's text of what was counted and how things stood."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(counts, look))
    return generate_latest(registry)


@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Ask with `Authorization: Bearer`: THINSLICE_METRICS_TOKEN, or any token of the API."""
    meters: Meters = request.app.state.meters
    return Response(await own_threads.METERS.run(meters.text), media_type=MEDIA)


class _Told(Collector):
    def __init__(self, counts: Counts, look: gauges.Look) -> None:
        self._counts = counts
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """Each meter, in the order in which they are documented."""
        yield _gauge(BUILD, {(version("thinslice"),): 1.0})
        for meter in COUNTED:
            series = self._counts.of(meter)
            yield _histogram(meter, series) if meter.bounds else _counter(meter, series)
        for meter in gauges.ALL:
            if (values := self._look.values.get(meter.name)) is not None:
                yield _gauge(meter, values)  # or a count that somebody else keeps


def _counter(meter: Meter, series: Series) -> Metric:
    family = CounterMetricFamily(meter.name, meter.told, labels=list(meter.labels))
    for labels, numbers in sorted(series.items()):
        family.add_metric(labels, numbers[0])
    return family


def _histogram(meter: Meter, series: Series) -> Metric:
    family = HistogramMetricFamily(meter.name, meter.told, labels=list(meter.labels))
    bounds = [*map(str, meter.bounds), "+Inf"]
    for labels, numbers in sorted(series.items()):
        upto = list(accumulate(numbers[:-1]))
        family.add_metric(labels, list(zip(bounds, upto, strict=True)), numbers[-1])
    return family


def _gauge(meter: Meter, values: Mapping[Labels, float]) -> Metric:
    kind = CounterMetricFamily if meter.name.endswith("_total") else GaugeMetricFamily
    family = kind(meter.name, meter.told, labels=list(meter.labels))
    for labels, number in values.items():
        family.add_metric(labels, number)
    return family
