"""Who may sign in."""

from django.contrib.auth.backends import ModelBackend


class AccountBackend(ModelBackend):
    """Signs in accounts by email and password; guests have neither.

    A class of its own since an email is unique among accounts only, which Django's
    backend does not expect (`User.objects.get_by_natural_key` leaves guests out).
    """
