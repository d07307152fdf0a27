from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import AccessToken

from customers.models import Scope
from customers.selectors import find_access_token
from customers.services import sign_in_app
from customers.tests.factories import UserFactory


def sign_in(user) -> str:
    return sign_in_app(user=user, name="Phone", scopes=[Scope.CUSTOMER]).access


@pytest.mark.django_db
def test_a_token_is_found_with_its_user_by_one_query(django_assert_num_queries):
    ada = UserFactory.create(phone="+14155550123")
    token = sign_in(ada)

    with django_assert_num_queries(1):
        found = find_access_token(token=token)
        assert found is not None
        assert (found.user, found.user.phone) == (ada, "+14155550123")
        assert found.allow_scopes(["customer"])
        assert not found.allow_scopes(["restaurant"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"expires": timezone.now() - timedelta(seconds=1)},
        {"resource": ["https://elsewhere.example"]},
        {"token_checksum": "0" * 64},
    ],
)
def test_a_token_that_is_over_or_for_elsewhere_is_not_found(change):
    token = sign_in(UserFactory.create())
    AccessToken.objects.update(**change)

    assert find_access_token(token=token) is None


@pytest.mark.django_db
def test_the_token_of_who_was_shut_out_is_not_found():
    ada = UserFactory.create()
    token = sign_in(ada)
    ada.is_active = False
    ada.save()

    assert find_access_token(token=token) is None


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_is_opened_anew():
    token = sign_in(UserFactory.create())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    settings = connection.get_connection_params()
    with psycopg.connect(
        **{
            n: settings[n]
            for n in ("dbname", "user", "password", "host", "port")
            if n in settings
        }
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    assert find_access_token(token=token) is not None
