from django.db.models import QuerySet

from customers.browsers import digest_of
from customers.models import Address, KnownBrowser, User


def list_addresses_for_customer(*, customer: User) -> QuerySet[Address]:
    """List a customer's addresses, the chosen one first, then newest first."""
    return Address.objects.filter(user=customer)


def get_address_for_customer(*, customer: User, address_pk: int) -> Address:
    """Get one of the customer's own; anyone else's does not exist."""
    return Address.objects.get(user=customer, pk=address_pk)


def list_known_browsers(*, customer: User) -> QuerySet[KnownBrowser]:
    """List the browsers that a customer signed in with, the last one first."""
    return KnownBrowser.objects.filter(user=customer)


def is_browser_of_account(*, email: str, browser_key: str) -> bool:
    """Tell whether a browser signed in to the account with this email before."""
    user = User.objects.find_account(email)
    browsers = KnownBrowser.objects.filter(user=user, digest=digest_of(browser_key))
    return user is not None and browsers.exists()
