from django.urls import path

from customers.api import account, addresses, sessions, signing_in

urlpatterns = [
    path("auth/sign-up", signing_in.SignUpView.as_view(), name="sign-up"),
    path("auth/sign-in", signing_in.SignInView.as_view(), name="sign-in"),
    path("auth/refresh", signing_in.RefreshView.as_view(), name="refresh"),
    path("auth/link", signing_in.LinkView.as_view(), name="link"),
    path("auth/link/use", signing_in.UseLinkView.as_view(), name="link-use"),
    path(
        "auth/password-reset",
        signing_in.PasswordResetView.as_view(),
        name="password-reset",
    ),
    path("auth/sign-out", sessions.SignOutView.as_view(), name="sign-out"),
    path(
        "auth/sign-out-everywhere",
        sessions.SignOutEverywhereView.as_view(),
        name="sign-out-everywhere",
    ),
    path("auth/sessions", sessions.SessionsView.as_view(), name="sessions"),
    path(
        "auth/sessions/<uuid:session_id>",
        sessions.SessionView.as_view(),
        name="session",
    ),
    path("me/password", account.PasswordView.as_view(), name="password"),
    path("me/email", account.EmailView.as_view(), name="email"),
    path("me/phone/code", account.PhoneCodeView.as_view(), name="phone-code"),
    path("me/addresses", addresses.AddressesView.as_view(), name="addresses"),
    path(
        "me/addresses/<uuid:address_id>",
        addresses.AddressView.as_view(),
        name="address",
    ),
    path(
        "me/addresses/<uuid:address_id>/choose",
        addresses.ChooseAddressView.as_view(),
        name="address-choose",
    ),
]
