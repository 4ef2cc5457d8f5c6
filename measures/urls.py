"""Addresses of the data section, below /data/."""

from django.urls import path

from measures import views

app_name = "measures"
urlpatterns = [
    path("", views.submissions_page, name="submissions"),
    path("upload/", views.upload_page, name="upload"),
    path("upload/<uuid:upload_id>/discard/", views.discard_upload_page, name="discard_upload"),
    path("<int:submission_id>/", views.submission_page, name="submission"),
    path("<int:submission_id>/progress/", views.submission_progress, name="submission_progress"),
    path("<int:submission_id>/mapping/", views.mapping_page, name="mapping"),
    path("<int:submission_id>/confirm/", views.confirm_submission, name="confirm_submission"),
    path("<int:submission_id>/withdraw/", views.withdraw_page, name="withdraw_submission"),
    path("<int:submission_id>/findings.csv", views.findings_file, name="findings"),
]
