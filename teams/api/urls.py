"""API addresses of the teams app, below /api/v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
