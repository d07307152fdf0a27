"""One key sent many times at once is one order, and every answer names it."""

import threading

import pytest
from django.db import connections

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from orders.models import Order
from orders.tests.factories import fill_cart

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


def test_one_key_at_once_is_one_order_that_all_answers_name(api):
    ada = UserFactory()
    fill_cart(ada, ItemFactory())
    apps = [api.sign_in(ada) for _ in range(AT_ONCE)]
    start = threading.Barrier(AT_ONCE)
    answers = []

    def send(app):
        start.wait()
        try:
            answer = app.post(
                "/orders", {"fulfilment": "pickup"}, Idempotency_Key="one"
            )
            answers.append((answer.status_code, answer.json().get("id")))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[app]) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    order = Order.objects.get()
    assert {found for _status, found in answers} == {str(order.public_id)}
    assert sorted(status for status, _found in answers) == [200] * 5 + [201]
