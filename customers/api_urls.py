from django.urls import path

from customers.api import signing_in

urlpatterns = [
    path("auth/sign-in", signing_in.SignInView.as_view(), name="sign-in"),
    path("auth/refresh", signing_in.RefreshView.as_view(), name="refresh"),
]
