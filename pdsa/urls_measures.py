"""Addresses of local measures and their charts."""

from django.urls import path

from pdsa.views import measure_charts, measure_numbers, measures

app_name = "local_measures"

_PROJECT = "projects/<int:project_id>/measures/"
_MEASURE = "project-measures/<int:local_measure_id>/"
urlpatterns = [
    path(_PROJECT, measures.measures, name="measures"),
    path(f"{_PROJECT}new/", measures.new_measure, name="new_measure"),
    path(
        f"{_PROJECT}from-programme/", measures.copy_programme_measure, name="copy_programme_measure"
    ),
    path(_MEASURE, measure_charts.measure, name="measure"),
    path(f"{_MEASURE}numbers/", measure_numbers.measure_numbers, name="measure_numbers"),
    path(f"{_MEASURE}definition/", measures.edit_measure, name="edit_measure"),
    path(f"{_MEASURE}retire/", measures.retire_measure, name="retire_measure"),
    path(f"{_MEASURE}decide/", measure_charts.decide_about_chart, name="decide_about_chart"),
    path(
        f"{_MEASURE}decisions/<int:chart_decision_id>/undo/",
        measure_charts.undo_chart_decision,
        name="undo_chart_decision",
    ),
    path(f"{_MEASURE}tests/", measure_charts.link_cycle, name="link_cycle"),
    path(
        f"{_MEASURE}tests/<int:cycle_id>/remove/", measure_charts.unlink_cycle, name="unlink_cycle"
    ),
    path(f"{_MEASURE}chart.<slug:form>", measure_charts.measure_file, name="measure_file"),
    path("tests/<int:cycle_id>/did-it-work/", measure_charts.cycle_effect, name="cycle_effect"),
]
