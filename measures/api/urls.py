"""API addresses of the measures app, below /api/v1/."""

from django.urls import path

from measures.api import uploads, views

_ONE = "submissions/<int:submission_id>/"

urlpatterns = [
    path("sources/", views.SourceListView.as_view(), name="api_sources"),
    path("contract/", views.ContractView.as_view(), name="api_contract"),
    path("uploads/", uploads.UploadListView.as_view(), name="api_uploads"),
    path("uploads/<uuid:upload_id>/", uploads.UploadView.as_view(), name="api_upload"),
    path(
        "uploads/<uuid:upload_id>/completion/",
        uploads.UploadCompletionView.as_view(),
        name="api_upload_completion",
    ),
    path("submissions/", views.SubmissionListView.as_view(), name="api_submissions"),
    path(_ONE, views.SubmissionView.as_view(), name="api_submission"),
    path(f"{_ONE}mapping/", views.SubmissionMappingView.as_view(), name="api_submission_mapping"),
    path(
        f"{_ONE}confirmation/",
        views.SubmissionConfirmationView.as_view(),
        name="api_submission_confirmation",
    ),
    path(
        f"{_ONE}withdrawal/",
        views.SubmissionWithdrawalView.as_view(),
        name="api_submission_withdrawal",
    ),
    path(f"{_ONE}findings/", views.FindingListView.as_view(), name="api_findings"),
    path(f"{_ONE}findings.csv", views.FindingFileView.as_view(), name="api_findings_file"),
]
