from django.urls import path

from menus import views

app_name = "menus"
urlpatterns = [
    path("items/<uuid:public_id>/", views.item_detail, name="item-detail"),
    path("cannot-eat/", views.diet, name="diet"),
]
