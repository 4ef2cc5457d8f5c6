"""The draft of the change package and the nominations for it: pages of the faculty."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.actions.exchange import decline_nomination
from learning.actions.package import (
    accept_nomination,
    add_chapter,
    add_chapter_idea,
    begin_draft,
    change_chapter,
    change_chapter_idea,
    change_package,
    delete_chapter,
    delete_chapter_idea,
    move_chapter,
    publish_package,
    remove_contribution,
)
from learning.enums import NominationState
from learning.forms.harvest import (
    AcceptForm,
    ChapterForm,
    ChapterIdeaForm,
    DeclineForm,
    PackageForm,
)
from learning.models import Chapter, PackageVersion
from learning.queries.exchange import get_decidable_nomination, list_nominations
from learning.queries.package import (
    get_draft,
    get_editable_chapter,
    get_editable_contribution,
    get_editable_idea,
    list_accepted_without_place,
    list_draft_ideas,
    view_version,
)
from pdsa.queries.library import LibraryFilters, list_library
from pdsa.sharing import group_name
from teams.permissions import Permission, require
from teams.requests import ScopedRequest
from teams.scoping import Scope
from teams.views.acting import act_from_form, done, form_page


def _draft(scope: Scope) -> PackageVersion:
    """Raises PackageVersion.DoesNotExist where nobody began one."""
    found = get_draft(scope)
    if found is None:
        raise PackageVersion.DoesNotExist
    return found


@require(Permission.EDIT_PACKAGE)
@require_POST
def begin_page(request: ScopedRequest) -> HttpResponse:
    draft = begin_draft(by=request.user, as_of=timezone.now())
    return done(
        request,
        f"Version {draft.number} is begun. Nobody but the faculty sees it until it is published.",
        "harvest:version",
        draft.number,
    )


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_page(request: ScopedRequest) -> HttpResponse:
    version = _draft(request.scope)
    form = PackageForm(
        request.POST or None,
        initial={
            "title": version.title,
            "introduction": version.introduction,
            "whats_new": version.whats_new,
            "seen": version.revision,
        },
    )
    if act_from_form(
        request,
        form,
        lambda _: change_package(
            version=version,
            values=form.values,
            seen=form.seen_revision,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return done(request, "Saved.", "harvest:version", version.number)
    return form_page(request, "harvest/change_draft.html", form, version=version)


@require(Permission.PUBLISH_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def publish_page(request: ScopedRequest) -> HttpResponse:
    scope = request.scope
    version = _draft(scope)
    if request.method == "POST":
        publish_package(version=version, by=request.user, as_of=timezone.now())
        return done(
            request,
            f"Version {version.number} is published. Everybody is told.",
            "harvest:version",
            version.number,
        )
    return render(
        request,
        "harvest/publish.html",
        {
            "version": version,
            "view": view_version(scope, version),
            "left_out": list_accepted_without_place(scope),
        },
    )


# --- chapters and ideas -------------------------------------------------------------------------------------------


def _to_chapter(request: ScopedRequest, chapter: Chapter, sentence: str) -> HttpResponse:
    return done(request, sentence, "harvest:chapter", chapter.version.number, chapter.pk)


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_chapter_page(request: ScopedRequest) -> HttpResponse:
    version = _draft(request.scope)
    form = ChapterForm(request.POST or None)
    acted = act_from_form(
        request,
        form,
        lambda _: add_chapter(
            version=version, values=form.values, by=request.user, as_of=timezone.now()
        ),
    )
    if acted:
        return _to_chapter(request, acted.made, "The chapter is there. Add its change ideas now.")
    return form_page(request, "harvest/chapter_form.html", form, version=version)


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_chapter_page(request: ScopedRequest, chapter_id: int) -> HttpResponse:
    chapter = get_editable_chapter(request.scope, chapter_id)
    names = [name for name in ChapterForm.base_fields if name != "seen"]
    form = ChapterForm(
        request.POST or None,
        initial={name: getattr(chapter, name) for name in names} | {"seen": chapter.revision},
    )
    if act_from_form(
        request,
        form,
        lambda _: change_chapter(
            chapter=chapter,
            values=form.values,
            seen=form.seen_revision,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return _to_chapter(request, chapter, "Saved.")
    return form_page(
        request, "harvest/chapter_form.html", form, version=chapter.version, chapter=chapter
    )


@require(Permission.EDIT_PACKAGE)
@require_POST
def move_chapter_page(request: ScopedRequest, chapter_id: int, way: str) -> HttpResponse:
    chapter = get_editable_chapter(request.scope, chapter_id)
    move_chapter(chapter=chapter, up=way == "up", by=request.user)
    return redirect("harvest:version", chapter.version.number)


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_chapter_page(request: ScopedRequest, chapter_id: int) -> HttpResponse:
    chapter = get_editable_chapter(request.scope, chapter_id)
    if request.method == "POST":
        number = chapter.version.number
        delete_chapter(chapter=chapter, by=request.user)
        return done(request, "The chapter is gone from the draft.", "harvest:version", number)
    return render(request, "harvest/delete_chapter.html", {"chapter": chapter})


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_idea_page(request: ScopedRequest, chapter_id: int) -> HttpResponse:
    """A change idea of the chapter; with ?from=CODE filled in from the library."""
    scope = request.scope
    chapter = get_editable_chapter(scope, chapter_id)
    library = list_library(scope, LibraryFilters())
    form = ChapterIdeaForm(
        request.POST or None,
        library=library,
        initial=_from_library(library, request.GET.get("from", "")),
    )
    if act_from_form(
        request,
        form,
        lambda _: add_chapter_idea(
            chapter=chapter, values=form.values, by=request.user, as_of=timezone.now()
        ),
    ):
        return _to_chapter(request, chapter, "The idea is there.")
    return form_page(
        request,
        "harvest/idea_form.html",
        form,
        chapter=chapter,
        library=library,
    )


def _from_library(library: Any, code: str) -> dict[str, Any]:
    entry = next((row for row in library if row.code == code), None) if code else None
    if entry is None:
        return {}
    return {
        "title": entry.title,
        "what": entry.what,
        "first_test": entry.first_test,
        "evidence": "\n".join(
            " ".join(filter(None, [piece["text"], piece["url"]])) for piece in entry.evidence
        ),
        "library_idea": entry.pk,
    }


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_idea_page(request: ScopedRequest, chapter_idea_id: int) -> HttpResponse:
    scope = request.scope
    idea = get_editable_idea(scope, chapter_idea_id)
    names = [name for name in ChapterIdeaForm.base_fields if name != "seen"]
    form = ChapterIdeaForm(
        request.POST or None,
        library=list_library(scope, LibraryFilters()),
        initial={name: getattr(idea, name) for name in names} | {"seen": idea.revision},
    )
    if act_from_form(
        request,
        form,
        lambda _: change_chapter_idea(
            idea=idea,
            values=form.values,
            seen=form.seen_revision,
            by=request.user,
            as_of=timezone.now(),
        ),
    ):
        return _to_chapter(request, idea.chapter, "Saved.")
    return form_page(request, "harvest/idea_form.html", form, chapter=idea.chapter, idea=idea)


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_idea_page(request: ScopedRequest, chapter_idea_id: int) -> HttpResponse:
    idea = get_editable_idea(request.scope, chapter_idea_id)
    if request.method == "POST":
        chapter = idea.chapter
        delete_chapter_idea(idea=idea, by=request.user)
        return _to_chapter(request, chapter, "The idea is gone from the draft.")
    return render(request, "harvest/delete_idea.html", {"idea": idea})


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_contribution_page(request: ScopedRequest, contribution_id: int) -> HttpResponse:
    contribution = get_editable_contribution(request.scope, contribution_id)
    if request.method == "POST":
        chapter = contribution.idea.chapter
        remove_contribution(contribution=contribution, by=request.user)
        return _to_chapter(request, chapter, "The test is out of the draft.")
    return render(request, "harvest/remove_contribution.html", {"contribution": contribution})


# --- nominations --------------------------------------------------------------------------------------------------


@require(Permission.NOMINATE_TESTS)
@require_safe
def nominations_page(request: ScopedRequest) -> HttpResponse:
    """For the faculty all of them, those that wait first; for a team its own."""
    scope = request.scope
    rows: list[dict[str, Any]] = [
        {"nomination": row, "group": _group(scope, row.cycle)} for row in list_nominations(scope)
    ]
    waiting = NominationState.WAITING
    return render(
        request,
        "harvest/nominations.html",
        {
            "waiting": [row for row in rows if row["nomination"].state == waiting],
            "decided": [row for row in rows if row["nomination"].state != waiting],
            "may_decide": scope.may(Permission.EDIT_PACKAGE),
            "draft": get_draft(scope),
        },
    )


def _group(scope: Scope, cycle: Any) -> str:
    team = cycle.idea.project.team
    return team.name if team.pk in scope.own_team_ids else group_name(cycle)


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def nomination_page(request: ScopedRequest, nomination_id: int) -> HttpResponse:
    """Read a nomination and take it into the draft."""
    scope = request.scope
    nomination = get_decidable_nomination(scope, nomination_id)
    cycle = nomination.cycle
    form = AcceptForm(
        request.POST or None,
        ideas=list_draft_ideas(scope),
        initial={
            "title": str(cycle),
            "summary": "\n".join(filter(None, [cycle.objective, cycle.learned])),
        },
    )

    def act(values: dict[str, Any]) -> None:
        accept_nomination(
            nomination=nomination,
            idea=values["idea"],
            title=values["title"],
            summary=values["summary"],
            by=request.user,
            as_of=timezone.now(),
        )

    if act_from_form(request, form, act):
        chapter = form.cleaned_data["idea"].chapter
        return _to_chapter(request, chapter, "Taken into the draft. The group is told.")
    return form_page(
        request,
        "harvest/nomination.html",
        form,
        nomination=nomination,
        cycle=cycle,
        group=_group(scope, cycle),
        draft=get_draft(scope),
    )


@require(Permission.EDIT_PACKAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def decline_page(request: ScopedRequest, nomination_id: int) -> HttpResponse:
    nomination = get_decidable_nomination(request.scope, nomination_id)
    form = DeclineForm(request.POST or None)
    if act_from_form(
        request,
        form,
        lambda values: decline_nomination(
            nomination=nomination, note=values["note"], by=request.user, as_of=timezone.now()
        ),
    ):
        return done(request, "The group is told.", "harvest:nominations")
    return form_page(request, "harvest/decline.html", form, nomination=nomination)
