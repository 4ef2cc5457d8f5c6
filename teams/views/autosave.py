"""The address behind a form that saves itself; other apps make theirs with `autosave_view`.

GET tells what stands in every field, who else has the page open, and a fresh token against forged requests,
so that a page which lay open over a new sign-in can go on. POST saves one field and answers in JSON, because
the page shows the answer beside the field: 200 saved, 409 somebody else's text stands there, 422 the text
does not fit or holds details of a person. Signed out, it leads to the sign-in page as every address does.

Without JavaScript the same form is posted as a whole, with the version of each field beside it (`base-…`);
what cannot be saved comes back on a page of its own, with both texts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from teams.actions.autosave import EditConflict, PersonalDetailsFound, save_field
from teams.autosave import Editable, list_latest, text_of
from teams.errors import StateRefused
from teams.models import FieldVersion
from teams.permissions import Permission, require
from teams.personal_details import mask_personal_details
from teams.presence import note_presence
from teams.requests import ScopedRequest
from teams.scoping import Scope


def autosave_view(
    permission: Permission, find: Callable[[Scope, int], Editable]
) -> Callable[..., HttpResponse]:
    """A view for `…/<int:pk>/autosave/`.

    find: the editable object of that id for a reader; raises ObjectDoesNotExist for what is not theirs to
    write.
    """

    @require(permission)
    @require_http_methods(["GET", "POST"])
    def autosave(request: ScopedRequest, pk: int) -> HttpResponse:
        editable = find(request.scope, pk)
        if request.method == "GET":
            return _tell(request, editable)
        if "field" in request.POST:
            return _save(request, editable)
        return _save_form(request, editable)

    return autosave


def _tell(request: ScopedRequest, editable: Editable) -> JsonResponse:
    latest = {version.field: version for version in list_latest(editable.target)}
    return JsonResponse(
        {
            "token": get_token(request),
            "present": note_presence(
                editable.target,
                by=request.user,
                field=request.GET.get("field", "")[:60],
                as_of=timezone.now(),
            ),
            "fields": {
                name: {
                    "version": latest[name].number if name in latest else 0,
                    "text": text_of(editable.value_of(editable.target, name)),
                    "by": _author(latest.get(name)),
                }
                for name in editable.fields
            },
        }
    )


def _save(request: ScopedRequest, editable: Editable) -> JsonResponse:
    field, text = request.POST.get("field", ""), request.POST.get("text", "")
    base = request.POST.get("base", "")
    if field not in editable.fields or not base.isdigit():
        return JsonResponse({"error": "There is no such field."}, status=400)
    try:
        saved = save_field(
            editable=editable,
            field=field,
            text=text,
            base=int(base),
            by=request.user,
            as_of=timezone.now(),
            keep_details=request.POST.get("keep") == "1",
        )
    except EditConflict as conflict:
        theirs = conflict.theirs
        return JsonResponse(
            {
                "conflict": {
                    "version": theirs.number,
                    "text": theirs.text,
                    "by": _author(theirs),
                    "at": theirs.at.isoformat() if theirs.number else "",
                }
            },
            status=409,
        )
    except PersonalDetailsFound as found:
        return JsonResponse(
            {
                "details": [{"kind": d.kind, "text": d.text} for d in found.details],
                "masked": mask_personal_details(text),
            },
            status=422,
        )
    except ValidationError as problem:
        return JsonResponse({"error": " ".join(problem.messages)}, status=422)
    except StateRefused as refusal:
        return JsonResponse({"error": str(refusal)}, status=422)
    return JsonResponse({"version": saved.number, "text": saved.text})


def _save_form(request: ScopedRequest, editable: Editable) -> HttpResponse:
    problems = []
    for name, field in editable.fields.items():
        base = request.POST.get(f"base-{name}", "")
        if not base.isdigit():
            continue
        text = request.POST.get(name, "")
        problem: dict[str, Any] = {"name": name, "label": field.label, "text": text, "base": base}
        try:
            save_field(
                editable=editable,
                field=name,
                text=text,
                base=int(base),
                by=request.user,
                as_of=timezone.now(),
                keep_details=request.POST.get(f"keep-{name}") == "1",
            )
        except EditConflict as conflict:
            theirs = conflict.theirs
            problem |= {"theirs": theirs.text, "by": _author(theirs), "base": theirs.number}
        except PersonalDetailsFound as found:
            problem |= {"details": found.details, "masked": mask_personal_details(text)}
        except ValidationError as refused:
            problem |= {"error": " ".join(refused.messages)}
        else:
            continue
        problems.append(problem)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    if problems:
        context = {"problems": problems, "back": back}
        return render(request, "teams/autosave_problems.html", context, status=409)
    return redirect(back)


def _author(version: FieldVersion | None) -> str:
    return version.by.name if version and version.by else ""
