"""Addresses of the product with the component page, as DEBUG has them."""

from django.urls import include, path

from collaborative.views_components import components_page

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("components/", components_page, name="components"),
]
