from celery import shared_task

from orders.services.lifecycle import cancel_unanswered_orders as cancel_unanswered


@shared_task
def cancel_unanswered_orders() -> None:
    cancel_unanswered()
