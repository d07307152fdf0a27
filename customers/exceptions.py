from django.utils.translation import gettext_lazy as _


class CustomerError(Exception):
    """A request of a customer that cannot be granted; says why."""

    code = "customer_error"
    message = _("That did not work.")

    def __str__(self) -> str:
        return str(self.message)


class EmailTakenError(CustomerError):
    code = "email_taken"
    message = _("There is already an account with this email.")


class TooManyAddressesError(CustomerError):
    code = "too_many_addresses"
    message = _("You have kept as many addresses as we can hold. Delete one first.")
