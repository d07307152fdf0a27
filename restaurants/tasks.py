from celery import shared_task

from restaurants import services


@shared_task(name="restaurants.tasks.refresh_stale_open_spans")
def refresh_stale_open_spans() -> None:
    """Keep the opening spans on restaurants' rows ahead of the clock."""
    services.refresh_stale_open_spans()
