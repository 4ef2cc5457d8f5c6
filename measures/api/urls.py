"""API addresses of the measures app, below /api/v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
