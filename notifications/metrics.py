"""What Prometheus reads: the text format 0.0.4, written by hand.

The figures are the database's, not this process's, so a client library's counters and
registry would be in the way; its format is the few lines of `_write`.

Counters are sums over all tallies. Old tallies are folded together and never deleted
(`services.tallies.fold_tallies`), so the sums never fall.
"""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.models import LATENCY_BOUNDS, Tally
from notifications.monitoring import (
    BEGINNING,
    Lane,
    Trouble,
    get_trouble,
    list_lanes,
    list_latencies,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# A suffix of the name, labels and a number.
Sample = tuple[str, dict[str, str], float]


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the figures to who has the token; without one in the settings, nobody."""
    if not settings.METRICS_TOKEN:
        raise Http404
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not constant_time_compare(request.headers.get("Authorization", ""), wanted):
        return HttpResponse(
            status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'}
        )
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE)


def render_metrics() -> str:
    """Return all figures in Prometheus's text format."""
    lanes, trouble = list_lanes(), get_trouble()
    return "".join(
        [
            *_render_lanes(lanes),
            *_render_attempts(trouble),
            *_render_latencies(),
            *_render_trouble(trouble),
        ]
    )


def _render_lanes(lanes: Iterable[Lane]) -> Iterator[str]:
    lanes = list(lanes)
    yield _write(
        "notifications_backlog",
        "gauge",
        "Recipients to plan, and messages that are due, wait or are being sent.",
        (
            ("", {"lane": lane.name, "kind": kind}, number)
            for lane in lanes
            for kind, number in (
                ("unplanned", lane.unplanned),
                ("due", lane.due),
                ("waiting", lane.waiting),
                ("sending", lane.sending),
            )
        ),
    )
    yield _write(
        "notifications_oldest_due_seconds",
        "gauge",
        "For how long the oldest of what is due has been due.",
        (("", {"lane": lane.name}, lane.oldest_due_seconds) for lane in lanes),
    )


def _render_attempts(trouble: Trouble) -> Iterator[str]:
    names = ("lane", "provider", "outcome", "reason")
    rows = list(
        Tally.objects.values_list(*names).annotate(Sum("count")).order_by(*names)
    )
    yield _write(
        "notifications_attempts_total",
        "counter",
        "Attempts at providers, by how they ended.",
        (("", dict(zip(names, row[:4], strict=True)), row[4]) for row in rows),
    )
    is_open = {row[1]: 0 for row in rows}
    is_open.update({circuit.provider: 1 for circuit in trouble.circuits})
    yield _write(
        "notifications_circuit_open",
        "gauge",
        "Whether a provider that keeps failing is left alone.",
        (("", {"provider": name}, is_open[name]) for name in sorted(is_open)),
    )


def _render_latencies() -> Iterator[str]:
    samples: list[Sample] = []
    for lane, buckets in sorted(list_latencies(since=BEGINNING).items()):
        total = 0
        bounds = [*map(str, LATENCY_BOUNDS), "+Inf"]
        for bound, count in zip(bounds, buckets, strict=True):
            total += count
            samples.append(("_bucket", {"lane": lane, "le": bound}, total))
        samples.append(("_count", {"lane": lane}, total))
    yield _write(
        "notifications_latency_seconds",
        "histogram",
        "From when a message was due until a provider accepted it.",
        samples,
    )


def _render_trouble(trouble: Trouble) -> Iterator[str]:
    for name, text, counted in (
        ("dead_letters", "Messages given up after their last attempt", trouble.dead),
        ("unknown_messages", "Messages of unknown outcome", trouble.unknown),
        ("rejected_chunks", "Recipients planning gave up on", trouble.rejected_chunks),
    ):
        help_text = f"{text}; counted up to 10001."
        samples: list[Sample] = [("", {}, counted.number)]
        yield _write(f"notifications_{name}", "gauge", help_text, samples)


def _write(name: str, kind: str, text: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    for suffix, labels, number in samples:
        pairs = ",".join(f'{key}="{_escape(value)}"' for key, value in labels.items())
        written = f"{{{pairs}}}" if labels else ""
        lines.append(f"{name}{suffix}{written} {number}")
    return "\n".join(lines) + "\n"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
