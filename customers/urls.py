from django.urls import path

from customers import views

app_name = "customers"

urlpatterns = [
    path("sign-up/", views.sign_up, name="sign-up"),
    path("sign-in/", views.SignInView.as_view(), name="sign-in"),
    path("sign-in/link/", views.sign_in_link, name="sign-in-link"),
    path("sign-in/link/sent/", views.sign_in_link_sent, name="sign-in-link-sent"),
    path(
        "sign-in/link/<str:uid>/<str:token>/",
        views.sign_in_by_link,
        name="sign-in-by-link",
    ),
    path("sign-out/", views.SignOutView.as_view(), name="sign-out"),
    path("password/", views.PasswordChangeView.as_view(), name="password-change"),
    path("password-reset/", views.PasswordResetView.as_view(), name="password-reset"),
    path(
        "password-reset/sent/",
        views.PasswordResetSentView.as_view(),
        name="password-reset-sent",
    ),
    path(
        "password-reset/<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(),
        name="password-reset-confirm",
    ),
    path("profile/", views.profile, name="profile"),
    path("email/", views.email_change, name="email-change"),
    path("email/sent/", views.email_change_sent, name="email-change-sent"),
    path("email/confirm/<str:token>/", views.email_confirm, name="email-confirm"),
    path("phone/", views.phone_verify, name="phone-verify"),
    path("phone/code/", views.phone_send_code, name="phone-send-code"),
    path("security/", views.security, name="security"),
    path("addresses/", views.address_list, name="address-list"),
    path("addresses/new/", views.address_add, name="address-add"),
    path("addresses/<int:address_pk>/", views.address_edit, name="address-edit"),
    path(
        "addresses/<int:address_pk>/choose/",
        views.address_choose,
        name="address-choose",
    ),
    path(
        "addresses/<int:address_pk>/delete/",
        views.address_delete,
        name="address-delete",
    ),
    path("place/", views.place_choose, name="place-choose"),
    path("place/suggestions/", views.place_suggestions, name="place-suggestions"),
    path("place/around/", views.place_around, name="place-around"),
]
