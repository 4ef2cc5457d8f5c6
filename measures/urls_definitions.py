"""Addresses of the definitions, below /definitions/."""

from django.urls import path

from measures import views_definitions as views
from measures import views_references

app_name = "definitions"
urlpatterns = [
    path("", views.definitions_page, name="definitions"),
    path("references/", views_references.references_page, name="references"),
    path("references/<slug:set_code>/", views_references.reference_page, name="reference"),
    path("<str:measure>/", views.definition_page, name="definition"),
]
