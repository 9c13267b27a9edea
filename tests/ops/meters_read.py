"""Prometheus's text, read back."""

from prometheus_client.parser import text_string_to_metric_families

from app.ops import exposition, gauges

EVERY = (exposition.BUILD, *exposition.COUNTED, *gauges.ALL)
Number = dict[tuple[str, ...], float]


def read(text: str) -> dict[str, Number]:
    """Numbers by name of the sample, and by the values of its labels in their order."""
    found: dict[str, Number] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found
