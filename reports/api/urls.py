"""API addresses of the reports app, below /api/v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
