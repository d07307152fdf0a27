"""Is anybody there? Open boards say so; where none does, orders for now stop."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from restaurants.availability import known_spans
from restaurants.live import ring_board
from restaurants.models import BoardPresence, Restaurant
from restaurants.notifications import BOARD_SILENT, ORDERS_STOPPED, tell_people
from restaurants.opening import span_at

# Without a board for so long its people are warned, and so much later orders stop.
SILENCE = timedelta(minutes=5)
GRACE = timedelta(minutes=2)
# How exact `seen_at` is: a board asks every few seconds, the row is written less often.
STEP = timedelta(seconds=20)
# No two services of a restaurant begin closer than that.
SERVICE = timedelta(minutes=30)
SWEEP = 500


def mark_board_open(
    *, restaurant_pks: Collection[int], now: datetime | None = None
) -> None:
    """Record that a board of these restaurants is open; orders for now are back."""
    now = now or timezone.now()
    fresh = set(
        BoardPresence.objects.filter(
            restaurant__in=restaurant_pks, seen_at__gt=now - STEP, warned_at=None
        ).values_list("restaurant_id", flat=True)
    )
    stale = sorted(set(restaurant_pks) - fresh)
    if not stale:
        return
    BoardPresence.objects.bulk_create(
        [BoardPresence(restaurant_id=pk, seen_at=now) for pk in stale],
        update_conflicts=True,
        unique_fields=["restaurant"],
        update_fields=["seen_at", "warned_at"],
    )
    if Restaurant.objects.filter(pk__in=stale, unattended_since__isnull=False).update(
        unattended_since=None
    ):
        for pk in stale:
            ring_board(pk)


def watch_boards(now: datetime | None = None) -> int:
    """Warn, then stop, the restaurants that are open with no board; return how many.

    The silence is counted from the later of the last sight of a board and the opening,
    so that nobody is blamed for the night.
    """
    now = now or timezone.now()
    silent = _silent(now).filter(
        Q(boardpresence__warned_at=None)
        | Q(unattended_since=None, boardpresence__warned_at__lte=now - GRACE)
        # Warned in an earlier service, perhaps: this one is news.
        | Q(boardpresence__warned_at__lte=now - SERVICE)
    )
    done = 0
    last = 0
    while pks := list(
        silent.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:SWEEP]
    ):
        done += sum(_step(pk, now) for pk in pks)
        last = pks[-1]
    return done


def _silent(now: datetime) -> QuerySet[Restaurant]:
    return Restaurant.objects.live().filter(
        Q(boardpresence=None) | Q(boardpresence__seen_at__lte=now - SILENCE),
        Q(paused_until=None) | Q(paused_until__lte=now),
        takes_orders=True,
        expects_board=True,
        open_spans__holds=now,
    )


@transaction.atomic
def _step(pk: int, now: datetime) -> bool:
    restaurant = (
        _silent(now)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("region")
        .filter(pk=pk)
        .first()
    )
    if restaurant is None:
        return False
    span = span_at(known_spans(restaurant), now)
    presence = BoardPresence.objects.filter(restaurant=restaurant).first()
    if span is None or _silence_since(presence, span[0]) > now - SILENCE:
        return False
    warned_at = presence.warned_at if presence else None
    if warned_at is None or warned_at < span[0]:
        _warn(restaurant, span[0], now)
        return True
    if restaurant.unattended_since is None and warned_at <= now - GRACE:
        restaurant.unattended_since = now
        restaurant.save(update_fields=["unattended_since"])
        tell_people(ORDERS_STOPPED, restaurant, key=now.isoformat())
        ring_board(restaurant.pk)
        return True
    return False


def _silence_since(presence: BoardPresence | None, opening: datetime) -> datetime:
    return max(presence.seen_at, opening) if presence else opening


def _warn(restaurant: Restaurant, opening: datetime, now: datetime) -> None:
    BoardPresence.objects.update_or_create(
        restaurant=restaurant,
        defaults={"warned_at": now},
        create_defaults={"warned_at": now, "seen_at": opening},
    )
    tell_people(BOARD_SILENT, restaurant, key=now.isoformat())
