"""API addresses of the teams app, below /api/v1/."""

from django.urls import path

from teams.api import views

urlpatterns = [
    path("me/", views.MeView.as_view(), name="api_me"),
    path("teams/", views.TeamListView.as_view(), name="api_teams"),
    path("teams/<str:code>/", views.TeamView.as_view(), name="api_team"),
    path("sites/", views.SiteListView.as_view(), name="api_sites"),
]
