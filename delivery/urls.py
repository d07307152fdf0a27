from django.urls import path

from delivery import views

app_name = "delivery"
urlpatterns = [
    path("<str:token>/", views.courier_delivery, name="courier-delivery"),
    path("<str:token>/position/", views.courier_position, name="courier-position"),
    path("<str:token>/<slug:step>/", views.courier_step, name="courier-step"),
]
