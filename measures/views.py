"""Pages of the data section: what was sent, sending a file, mapping it, watching and confirming it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measures.actions.submissions import (
    confirm_replacement,
    download_findings,
    receive_submission,
    save_mapping,
    withdraw_submission,
)
from measures.actions.uploads import discard_upload
from measures.enums import FileForm, Severity, SubmissionState
from measures.errors import FileRefused
from measures.forms import MappingForm, StoreUploadHandler, UploadForm
from measures.ingest.codes import Reference
from measures.ingest.contract import COLUMNS, COUNT_COLUMNS, RULE_BY_CODE
from measures.models import Submission
from measures.policies import AUTOMATIC, can_confirm, can_map, can_withdraw, check_can_map
from measures.queries import (
    get_match_report,
    get_submission,
    list_findings,
    list_own_sources,
    list_partial_uploads,
    list_slice_changes,
    list_submissions,
)
from measures.tasks import enqueue_submission
from teams.formats import format_bytes
from teams.permissions import Permission, require
from teams.requests import ScopedRequest

_SHOWN_SLICES = 200


@require(Permission.VIEW_SUBMISSIONS)
@require_safe
def submissions_page(request: ScopedRequest) -> HttpResponse:
    page = Paginator(list_submissions(request.scope), 50).get_page(request.GET.get("page"))
    return render(
        request,
        "measures/submissions.html",
        {"page": page, "can_submit": request.scope.may(Permission.SUBMIT_DATA)},
    )


@require(Permission.SUBMIT_DATA)
@transaction.non_atomic_requests  # a transaction must not stay open while a large file arrives
@csrf_exempt  # the token is checked in `_upload`, after the upload handler is in place
@require_http_methods(["GET", "HEAD", "POST"])
def upload_page(request: ScopedRequest) -> HttpResponse:
    handler = StoreUploadHandler(request)
    request.upload_handlers = [handler]
    try:
        return _upload(request, handler)
    finally:
        handler.discard()


@csrf_protect
def _upload(request: ScopedRequest, handler: StoreUploadHandler) -> HttpResponse:
    is_sent = request.method == "POST"
    form = UploadForm(
        request.POST if is_sent else None, request.FILES if is_sent else None, scope=request.scope
    )
    if is_sent:
        if handler.refusal is not None:
            form.is_valid()
            form.errors.pop("file", None)
            form.add_error("file", str(handler.refusal))
        elif form.is_valid():
            upload = form.cleaned_data["file"]
            with transaction.atomic():
                submission = receive_submission(
                    source=form.cleaned_data["source"],
                    file=upload.incoming.keep(),
                    file_name=upload.name,
                    by=request.user,
                    as_of=timezone.now(),
                )
                enqueue_submission(submission.pk)
            if submission.state != SubmissionState.RECEIVED:
                messages.info(
                    request, "This file was sent before: it is this submission, not a second one."
                )
            return redirect("measures:submission", submission.pk)
    return render(
        request,
        "measures/upload.html",
        {
            "form": form,
            "columns": COLUMNS,
            "count_columns": COUNT_COLUMNS,
            "source_codes": json.dumps(
                dict(list_own_sources(request.scope).values_list("id", "code"))
            ),
            "unfinished": list_partial_uploads(request.scope, request.user),
            "has_source": list_own_sources(request.scope).exists(),
        },
        status=422 if form.errors else 200,
    )


@require(Permission.SUBMIT_DATA)
@require_POST
def discard_upload_page(request: ScopedRequest, upload_id: UUID) -> HttpResponse:
    upload = list_partial_uploads(request.scope, request.user).get(pk=upload_id)
    discard_upload(upload=upload, by=request.user)
    messages.success(request, "The unfinished upload is deleted.")
    return redirect("measures:upload")


@require(Permission.VIEW_SUBMISSIONS)
@require_safe
def submission_page(request: ScopedRequest, submission_id: int) -> HttpResponse:
    submission = get_submission(request.scope, submission_id)
    findings = [(finding, RULE_BY_CODE[finding.rule]) for finding in list_findings(submission)]
    slices = list_slice_changes(submission)
    may_send = request.scope.may(Permission.SUBMIT_DATA)
    may_publish = request.scope.may(Permission.PUBLISH_DATA)
    return render(
        request,
        "measures/submission.html",
        {
            "submission": submission,
            "steps": _steps(submission),
            "is_working": submission.state in AUTOMATIC,
            "errors": [f for f in findings if f[0].severity == Severity.ERROR],
            "warnings": [f for f in findings if f[0].severity == Severity.WARNING],
            "slices": slices[:_SHOWN_SLICES],
            "match_report": get_match_report(submission),
            "slice_count": len(slices),
            "replaced_count": sum(s.replaces for s in slices),
            "can_map": may_send and can_map(submission),
            "can_confirm": may_publish and can_confirm(submission),
            "can_withdraw": may_send and can_withdraw(submission),
        },
    )


@require(Permission.VIEW_SUBMISSIONS)
@require_safe
def submission_progress(request: ScopedRequest, submission_id: int) -> HttpResponse:
    """The progress component alone; when the work has come to rest, the whole page is asked for."""
    submission = get_submission(request.scope, submission_id)
    is_working = submission.state in AUTOMATIC
    response = render(
        request,
        "measures/progress.html",
        {"submission": submission, "steps": _steps(submission), "is_working": is_working},
    )
    if not is_working:
        response["HX-Refresh"] = "true"
    return response


_STEPS = (
    ("Check against the contract", "Checking", SubmissionState.RECEIVED),
    ("Store the rows and add them up", "Storing", SubmissionState.CHECKED),
    ("Compute the results and publish them", "Computing", SubmissionState.LOADED),
)
#: State → how many of the steps are done.
_DONE = {
    SubmissionState.RECEIVED: 0,
    SubmissionState.NEEDS_MAPPING: 0,
    SubmissionState.REJECTED: 0,
    SubmissionState.CHECKED: 1,
    SubmissionState.LOADED: 2,
    SubmissionState.NEEDS_CONFIRMATION: 2,
    SubmissionState.PUBLISHED: 3,
}


def _steps(submission: Submission) -> list[dict[str, Any]]:
    """What the progress component shows."""
    state = SubmissionState(submission.state)
    steps: list[dict[str, Any]] = [
        {"label": "Receive", "state": "done", "detail": format_bytes(submission.byte_count)}
    ]
    done = _DONE.get(state, 0)
    for position, (label, verb, _) in enumerate(_STEPS):
        step: dict[str, Any] = {"label": label, "state": "waiting"}
        if position < done:
            step["state"] = "done"
        elif position == done and state == SubmissionState.REJECTED:
            step["state"] = "failed"
        elif position == done and state in AUTOMATIC:
            step["state"] = "current"
            if submission.progress_total:
                total = submission.progress_total
                guessed = "about " if state == SubmissionState.RECEIVED else ""
                step["detail"] = (
                    f"{verb} {_amount(submission.progress_done, total)} of {guessed}"
                    f"{_amount(total, total)}{_unit(total)} rows"
                )
                step["share"] = min(submission.progress_done / total, 1.0)
        elif position == done and state == SubmissionState.NEEDS_MAPPING:
            step["detail"] = "waits for the meaning of columns or codes"
        elif position == done and state == SubmissionState.NEEDS_CONFIRMATION:
            step["detail"] = "waits for a confirmation"
        steps.append(step)
    return steps


def _amount(rows: int, total: int) -> str:
    return f"{rows / 1e6:.1f}" if total >= 1_000_000 else f"{rows:,}"


def _unit(total: int) -> str:
    return " million" if total >= 1_000_000 else ""


@require(Permission.SUBMIT_DATA)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_page(request: ScopedRequest, submission_id: int) -> HttpResponse:
    submission = get_submission(request.scope, submission_id)
    check_can_map(submission)
    reference = Reference(submission.source)
    asked = (request.POST or request.GET).get("form", submission.form)
    form = MappingForm(
        request.POST or None,
        submission=submission,
        reference=reference,
        form=FileForm(asked) if asked in FileForm.values else FileForm(submission.form),
    )
    if request.method == "POST" and form.is_valid():
        try:
            save_mapping(
                submission=submission,
                mapping=form.cleaned_data["mapping"],
                by=request.user,
                as_of=timezone.now(),
            )
        except FileRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            enqueue_submission(submission.pk)
            messages.success(
                request, "The mapping is saved and will be used for files with the same columns."
            )
            return redirect("measures:submission", submission.pk)
    return render(
        request,
        "measures/mapping.html",
        {"submission": submission, "form": form},
        status=422 if form.errors else 200,
    )


@require(Permission.PUBLISH_DATA)
@require_POST
def confirm_submission(request: ScopedRequest, submission_id: int) -> HttpResponse:
    submission = get_submission(request.scope, submission_id)
    confirm_replacement(submission=submission, by=request.user, as_of=timezone.now())
    enqueue_submission(submission.pk)
    messages.success(request, "Confirmed. The results are being computed.")
    return redirect("measures:submission", submission.pk)


@require(Permission.SUBMIT_DATA)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_page(request: ScopedRequest, submission_id: int) -> HttpResponse:
    submission = get_submission(request.scope, submission_id)
    if request.method == "POST":
        withdraw_submission(submission=submission, by=request.user, as_of=timezone.now())
        messages.success(request, "The submission is withdrawn and its file deleted.")
        return redirect("measures:submissions")
    return render(request, "measures/withdraw.html", {"submission": submission})


@require(Permission.VIEW_SUBMISSIONS)
@require_safe
def findings_file(request: ScopedRequest, submission_id: int) -> FileResponse:
    """Every finding as CSV: line, column, rule. Compressed in the store, sent as it lies there."""
    submission = get_submission(request.scope, submission_id)
    path = download_findings(submission=submission, by=request.user)
    if path is None:
        raise Http404
    response = FileResponse(
        path.open("rb"),
        content_type="text/csv; charset=utf-8",
        filename=f"findings-{submission.pk}.csv",
        as_attachment=True,
    )
    response["Content-Encoding"] = "gzip"
    return response
