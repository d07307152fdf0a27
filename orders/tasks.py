from celery import shared_task

from orders.services import attention, cart, ending, forgetting, lifecycle

# What is forgotten at once, well within the time a task may take.
GUESTS_AT_ONCE = 100


@shared_task
def cancel_unanswered_orders() -> None:
    lifecycle.cancel_unanswered_orders()


@shared_task
def escalate_untouched_orders() -> None:
    attention.escalate_untouched_orders()


@shared_task
def finish_pending_ends() -> None:
    ending.finish_pending_ends()


@shared_task
def forget_old_guests() -> None:
    forgetting.forget_old_guests(limit=GUESTS_AT_ONCE)


@shared_task
def drop_old_carts() -> None:
    cart.drop_old_carts()
