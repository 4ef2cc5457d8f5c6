"""Addresses of asking for race, ethnicity and language: training and scripts."""

from django.urls import URLPattern, path

from pdsa.views import asking

app_name = "asking"

urlpatterns: list[URLPattern] = [
    path("", asking.home, name="home"),
    path("groups/<str:code>/", asking.team_page, name="team"),
    path("groups/<str:code>/trainings/new/", asking.new_training, name="new_training"),
    path("trainings/<int:training_id>/", asking.training, name="training"),
    path("trainings/<int:training_id>/remove/", asking.take_out_training, name="remove_training"),
    path("scripts/", asking.scripts, name="scripts"),
    path("scripts/new/", asking.new_script, name="new_script"),
    path("scripts/<int:script_id>/", asking.script, name="script"),
    path("scripts/<int:script_id>/next/", asking.next_version, name="next_version"),
    path("scripts/<int:script_id>/use/", asking.use, name="use_script"),
    path("scripts/<int:script_id>/adopt/", asking.adopt, name="adopt_script"),
    path("uses/<int:use_id>/stop/", asking.stop_use, name="stop_use"),
]
