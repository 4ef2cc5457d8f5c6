"""Addresses of the definitions, below /definitions/."""

from django.urls import path

from measures import views_definitions as views

app_name = "definitions"
urlpatterns = [
    path("", views.definitions_page, name="definitions"),
    path("<str:measure>/", views.definition_page, name="definition"),
]
