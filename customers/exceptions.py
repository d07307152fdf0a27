from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


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


class TooManyAttemptsError(CustomerError):
    """Too often in too short a time; `seconds` says how long to wait."""

    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        minutes = -(-self.seconds // 60)
        text = ngettext(
            "Too many attempts. Try again in %(count)d minute.",
            "Too many attempts. Try again in %(count)d minutes.",
            minutes,
        )
        return text % {"count": minutes}


class LinkExpiredError(CustomerError):
    code = "link_expired"
    message = _("This link is too old or was already used.")


class WrongPasswordError(CustomerError):
    code = "wrong_password"
    message = _("That is not your password.")


class WrongSignInError(CustomerError):
    code = "wrong_sign_in"
    message = _("That email and password do not belong together.")


class TokenRefusedError(CustomerError):
    """The refresh token is none, or was used before, or is too old."""

    code = "token_refused"
    message = _("Please sign in again.")


class NoPhoneError(CustomerError):
    code = "no_phone"
    message = _("Save a phone number first.")


class NoTextsError(CustomerError):
    code = "no_texts"
    message = _("Text messages cannot be sent at the moment.")


class CodeJustSentError(CustomerError):
    code = "code_just_sent"
    message = _("A code is on its way. Wait a minute before you ask for another.")


class WrongCodeError(CustomerError):
    code = "wrong_code"
    message = _("That is not the code we sent. Look again.")


class CodeExpiredError(CustomerError):
    code = "code_expired"
    message = _("This code is no longer good. Ask for a new one.")
