from celery import shared_task

from restaurants import services
from restaurants.services import attendance


@shared_task(name="restaurants.tasks.refresh_stale_open_spans")
def refresh_stale_open_spans() -> None:
    """Keep the opening spans on restaurants' rows ahead of the clock."""
    services.refresh_stale_open_spans()


@shared_task(name="restaurants.tasks.refresh_search_words")
def refresh_search_words() -> None:
    """Forget the words that find no restaurant any more."""
    services.refresh_search_words()


@shared_task(name="restaurants.tasks.watch_boards")
def watch_boards() -> None:
    """Warn and then stop restaurants that are open while nobody watches."""
    attendance.watch_boards()
