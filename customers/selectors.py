from django.db.models import QuerySet

from customers.models import Address, User


def list_addresses_for_customer(*, customer: User) -> QuerySet[Address]:
    """List a customer's addresses, the chosen one first, then newest first."""
    return Address.objects.filter(user=customer)


def get_address_for_customer(*, customer: User, address_pk: int) -> Address:
    """Get one of the customer's own; anyone else's does not exist."""
    return Address.objects.get(user=customer, pk=address_pk)
