"""What changes how one signs in or is reached: `/api/v1/me/…`."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import asks, read_body, read_form, user_of
from customers.forms import NewEmailForm, OtherPasswordForm
from customers.serializers import ChangePasswordSerializer, NewEmailSerializer
from customers.services import mail_new_email_link, send_phone_code
from customers.throttling import LINKS_BY_ONE, PASSWORDS_ASKED, spend


class PasswordView(APIView):
    @extend_schema(
        operation_id="change_password",
        request=ChangePasswordSerializer,
        responses={status.HTTP_204_NO_CONTENT: None},
        examples=[
            asks(
                current_password="a fine dinner for two",  # noqa: S106
                new_password="a finer dinner for three",  # noqa: S106
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Change your password.

        All apps and browsers are signed out by it, this one as well: sign in with the
        new password.
        """
        asked = read_body(ChangePasswordSerializer, request)
        user = user_of(request)
        spend((PASSWORDS_ASKED, f"user {user.pk}"))
        new = asked["new_password"]
        form = OtherPasswordForm(
            user,
            {
                "old_password": asked["current_password"],
                "new_password1": new,
                "new_password2": new,
            },
        )
        read_form(
            form,
            old_password="current_password",  # noqa: S106
            new_password1="new_password",
            new_password2="new_password",
        )
        form.save()
        return Response(status=status.HTTP_204_NO_CONTENT)


class EmailView(APIView):
    @extend_schema(
        operation_id="change_email",
        request=NewEmailSerializer,
        responses={status.HTTP_202_ACCEPTED: None},
        examples=[
            asks(email="ada@diner.example", password="a fine dinner for two")  # noqa: S106
        ],
    )
    def post(self, request: Request) -> Response:
        """Have a link mailed to a new email; it changes once that link is followed.

        The answer is the same if somebody else has that email: no link is mailed then.
        """
        asked = read_body(NewEmailSerializer, request)
        user = user_of(request)
        who = f"user {user.pk}"
        spend((PASSWORDS_ASKED, who))
        fields = read_form(NewEmailForm(asked, user=user))
        spend((LINKS_BY_ONE, who))
        mail_new_email_link(user=user, email=fields["email"])
        return Response(status=status.HTTP_202_ACCEPTED)


class PhoneCodeView(APIView):
    @extend_schema(
        operation_id="send_phone_code",
        request=None,
        responses={status.HTTP_202_ACCEPTED: None},
    )
    def post(self, request: Request) -> Response:
        """Have a code texted to your phone; give it to `POST /me/phone/verify`.

        It is good for ten minutes. Nothing is sent to a phone that is verified.
        """
        send_phone_code(user_pk=user_of(request).pk)
        return Response(status=status.HTTP_202_ACCEPTED)
