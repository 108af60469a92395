"""The pages on which people sign up, sign in and look after their password. `/account/` itself is linking's."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.account.urls")),
]
