"""Addresses of aims, charters, driver diagrams, process maps and the library of change ideas."""

from django.urls import URLPattern, path

from pdsa.views import aims, charters, drivers, library, process_maps

app_name = "aims"

_PROJECT = "projects/<int:project_id>/"
_MAP = "process-maps/<int:map_id>/"

urlpatterns: list[URLPattern] = [
    path(f"{_PROJECT}aim/", aims.aim, name="aim"),
    path(f"{_PROJECT}aim/write/", aims.write_aim, name="write_aim"),
    path(f"{_PROJECT}aim/check/", aims.check, name="check_aim"),
    path(f"{_PROJECT}aim/review/", aims.review, name="review_aim"),
    path(f"{_PROJECT}aim/versions/", aims.versions, name="aim_versions"),
    path(f"{_PROJECT}charter/", charters.charter, name="charter"),
    path(f"{_PROJECT}charter/edit/", charters.edit, name="edit_charter"),
    path(f"{_PROJECT}charter/review/", charters.review, name="review_charter"),
    path(f"{_PROJECT}charter/agree/", charters.agree, name="agree_charter"),
    path(f"{_PROJECT}charter/reopen/", charters.reopen, name="reopen_charter"),
    path(f"{_PROJECT}charter/versions/", charters.versions, name="charter_versions"),
    path(f"{_PROJECT}charter.pdf", charters.pdf, name="charter_pdf"),
    path("projects/<int:pk>/charter/autosave/", charters.autosave, name="charter_autosave"),
    path(f"{_PROJECT}drivers/", drivers.drivers, name="drivers"),
    path(f"{_PROJECT}drivers/change/", drivers.change, name="change_drivers"),
    path(f"{_PROJECT}drivers/<int:driver_id>/", drivers.driver, name="driver"),
    path(f"{_PROJECT}driver-diagram.<slug:form>", drivers.picture, name="driver_picture"),
    path(f"{_PROJECT}process-maps/", process_maps.maps, name="maps"),
    path(f"{_PROJECT}process-maps/new/", process_maps.new_map, name="new_map"),
    path(_MAP, process_maps.process_map, name="map"),
    path(f"{_MAP}edit/", process_maps.edit_map, name="edit_map"),
    path(f"{_MAP}steps/", process_maps.add_step, name="add_step"),
    path(f"{_MAP}steps/<int:step_id>/", process_maps.edit_step, name="step"),
    path(f"{_MAP}steps/<int:step_id>/change/", process_maps.change_step, name="change_step"),
    path(f"{_MAP}process-map.<slug:form>", process_maps.map_picture, name="map_picture"),
    path("library/", library.library, name="library"),
    path("library/<slug:code>/", library.library_idea, name="library_idea"),
    path("library/<slug:code>/adopt/", library.adopt, name="adopt"),
    path("library/<slug:code>/link/", library.link, name="link_idea"),
]
