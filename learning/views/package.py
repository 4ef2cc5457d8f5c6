"""The change package as it is read: a version, a chapter, what changed, and the files to take away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from learning.actions.package import record_package_download
from learning.enums import PackageState
from learning.models import PackageVersion
from learning.package_files.pdf import render_package
from learning.package_files.slides import make_package_slides
from learning.queries.exchange import count_waiting_nominations
from learning.queries.package import (
    get_chapter,
    get_draft,
    get_latest,
    get_version,
    get_version_before,
    list_versions,
    view_version,
)
from learning.queries.package_differences import compare_versions
from teams.permissions import Permission, require
from teams.queries import get_programme
from teams.requests import ScopedRequest
from teams.views.downloads import download


def _is_draft(version: PackageVersion) -> bool:
    return version.state == PackageState.DRAFT


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def package_page(request: ScopedRequest) -> HttpResponse:
    """The version that holds now; before the first one, what the page will be."""
    scope = request.scope
    latest = get_latest(scope)
    if latest is not None:
        return redirect("harvest:version", latest.number)
    return render(
        request,
        "harvest/no_package.html",
        {"draft": get_draft(scope), "may_edit": scope.may(Permission.EDIT_PACKAGE)},
    )


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def version_page(request: ScopedRequest, number: int) -> HttpResponse:
    scope = request.scope
    version = get_version(scope, number)
    latest = get_latest(scope)
    return render(
        request,
        "harvest/version.html",
        {
            "version": version,
            "view": view_version(scope, version),
            "is_draft": _is_draft(version),
            "is_old": latest is not None and version.number < latest.number,
            "latest": latest,
            "before": get_version_before(version),
            "versions": list(list_versions(scope)),
            "draft": get_draft(scope),
            "may_edit": scope.may(Permission.EDIT_PACKAGE),
            "may_publish": scope.may(Permission.PUBLISH_PACKAGE),
            "waiting": count_waiting_nominations(scope),
            "today": timezone.localdate(),
        },
    )


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def chapter_page(request: ScopedRequest, number: int, chapter_id: int) -> HttpResponse:
    scope = request.scope
    chapter = get_chapter(scope, number, chapter_id)
    version = chapter.version
    siblings = list(version.chapters.all())
    place = [row.pk for row in siblings].index(chapter.pk)
    is_draft = _is_draft(version)
    return render(
        request,
        "harvest/chapter.html",
        {
            "version": version,
            "view": view_version(scope, version, chapter_id=chapter.pk).chapters[0],
            "chapters": siblings,
            "following": siblings[place + 1] if place + 1 < len(siblings) else None,
            "is_draft": is_draft,
            "may_edit": is_draft and scope.may(Permission.EDIT_PACKAGE),
            "may_copy": scope.may(Permission.EDIT_PROJECTS),
        },
    )


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def changes_page(request: ScopedRequest, number: int) -> HttpResponse:
    """What a version changed against the one published before it."""
    scope = request.scope
    version = get_version(scope, number)
    before = get_version_before(version)
    context: dict[str, Any] = {"version": version, "before": before, "difference": None}
    if before is not None:
        context["difference"] = compare_versions(
            view_version(scope, before), view_version(scope, version)
        )
    return render(request, "harvest/changes.html", context)


def _package_file(
    request: ScopedRequest, number: int, make: Callable[..., bytes], file_format: str
) -> HttpResponse:
    """The version as a file; who took which is on record."""
    version = get_version(request.scope, number)
    content = make(
        view_version(request.scope, version),
        programme=get_programme().name,
        as_of=timezone.localtime(),
    )
    record_package_download(version=version, file_format=file_format, by=request.user)
    draft = "-draft" if _is_draft(version) else ""
    return download(content, f"change-package-v{version.number}{draft}.{file_format}")


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def package_pdf(request: ScopedRequest, number: int) -> HttpResponse:
    return _package_file(request, number, render_package, "pdf")


@require(Permission.VIEW_SHARED_TESTS)
@require_safe
def package_slides(request: ScopedRequest, number: int) -> HttpResponse:
    return _package_file(request, number, make_package_slides, "pptx")
