from celery import shared_task

from orders.services import attention, ending, lifecycle


@shared_task
def cancel_unanswered_orders() -> None:
    lifecycle.cancel_unanswered_orders()


@shared_task
def escalate_untouched_orders() -> None:
    attention.escalate_untouched_orders()


@shared_task
def finish_pending_ends() -> None:
    ending.finish_pending_ends()
