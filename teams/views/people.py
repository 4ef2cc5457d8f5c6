"""People, memberships and invitations, as those see them who look after people."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from teams.actions.people import (
    change_role,
    close_account,
    end_membership,
    invite_person,
    reopen_account,
    resend_invitation,
    withdraw_invitation,
)
from teams.enums import InvitationState
from teams.forms import EndForm, InvitationForm, PeopleFilterForm, RoleForm
from teams.models import Membership
from teams.permissions import Permission, require
from teams.policies import invitation_state
from teams.queries import (
    find_memberships,
    get_invitation,
    get_membership,
    get_person,
    get_programme,
    list_invitations,
    list_memberships,
)
from teams.requests import ScopedRequest
from teams.scoping import RUNS_THE_PROGRAMME
from teams.views.acting import act_from_form, done, form_page


def _when(membership: Membership, today: date) -> str:
    """How a membership stands to today: "present", "coming" or "ended"."""
    if membership.starts_on > today:
        return "coming"
    return "ended" if membership.ends_on is not None and membership.ends_on < today else "present"


@require(Permission.MANAGE_PEOPLE)
@require_safe
def people_page(request: ScopedRequest) -> HttpResponse:
    today = timezone.localdate()
    form = PeopleFilterForm(request.GET or {"when": "now"}, scope=request.scope)
    form.is_valid()
    memberships = find_memberships(
        request.scope,
        text=form.cleaned_data.get("text", "").strip(),
        organisation=form.cleaned_data.get("organisation"),
        when=form.cleaned_data.get("when", ""),
        day=today,
    )
    page = Paginator(memberships, 50).get_page(request.GET.get("page"))
    as_of = timezone.now()
    return render(
        request,
        "teams/people.html",
        {
            "filters": form,
            "page": page,
            "rows": [{"membership": m, "when": _when(m, today)} for m in page],
            "invitations": [
                {
                    "invitation": invitation,
                    "expired": invitation_state(invitation, as_of) == InvitationState.EXPIRED,
                }
                for invitation in list_invitations(request.scope)
            ],
        },
    )


@require(Permission.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def invite_page(request: ScopedRequest) -> HttpResponse:
    form = InvitationForm(
        request.POST or None,
        scope=request.scope,
        programme=get_programme(),
        initial={"organisation": request.GET.get("organisation")},
    )
    if act_from_form(
        request, form, lambda v: invite_person(**v, by=request.user, as_of=timezone.now())
    ):
        email = form.cleaned_data["email"]
        return done(request, f"An invitation is on its way to {email}.", "teams:people")
    return form_page(request, "teams/invite.html", form)


@require(Permission.MANAGE_PEOPLE)
@require_POST
def resend_page(request: ScopedRequest, invitation_id: int) -> HttpResponse:
    invitation = get_invitation(request.scope, invitation_id)
    resend_invitation(invitation=invitation, by=request.user, as_of=timezone.now())
    return done(
        request,
        f"A new link is on its way to {invitation.email}; the old one no longer works.",
        "teams:people",
    )


@require(Permission.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_page(request: ScopedRequest, invitation_id: int) -> HttpResponse:
    invitation = get_invitation(request.scope, invitation_id)
    if request.method == "POST":
        withdraw_invitation(invitation=invitation, by=request.user, as_of=timezone.now())
        return done(request, f"The invitation to {invitation.email} is withdrawn.", "teams:people")
    return render(request, "teams/withdraw.html", {"invitation": invitation})


@require(Permission.MANAGE_PEOPLE)
@require_safe
def person_page(request: ScopedRequest, person_id: int) -> HttpResponse:
    person = get_person(request.scope, person_id)
    today = timezone.localdate()
    memberships = list_memberships(request.scope).filter(user=person)
    return render(
        request,
        "teams/person.html",
        {
            "person": person,
            "rows": [{"membership": m, "when": _when(m, today)} for m in memberships],
            "may_close": bool(request.scope.roles & RUNS_THE_PROGRAMME)
            and person.pk != request.user.pk,
        },
    )


@require(Permission.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def end_membership_page(request: ScopedRequest, membership_id: int) -> HttpResponse:
    membership = get_membership(request.scope, membership_id)
    today = timezone.localdate()
    form = EndForm(request.POST or None, initial={"ends_on": today})
    if act_from_form(
        request,
        form,
        lambda v: end_membership(membership=membership, **v, by=request.user, as_of=today),
    ):
        day = form.cleaned_data["ends_on"]
        return done(
            request,
            f"The last day of {membership.user} in this role is {day:%-d %b %Y}.",
            "teams:person",
            membership.user_id,
        )
    return form_page(request, "teams/end_membership.html", form, membership=membership)


@require(Permission.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_role_page(request: ScopedRequest, membership_id: int) -> HttpResponse:
    membership = get_membership(request.scope, membership_id)
    today = timezone.localdate()
    form = RoleForm(
        request.POST or None,
        organisation=membership.organisation,
        programme=get_programme(),
        initial={"role": membership.role, "starts_on": today + timedelta(days=1)},
    )
    if act_from_form(
        request,
        form,
        lambda v: change_role(membership=membership, **v, by=request.user, as_of=today),
    ):
        day = form.cleaned_data["starts_on"]
        return done(
            request,
            f"The new role of {membership.user} begins on {day:%-d %b %Y}.",
            "teams:person",
            membership.user_id,
        )
    return form_page(request, "teams/change_role.html", form, membership=membership)


@require(Permission.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def close_account_page(request: ScopedRequest, person_id: int) -> HttpResponse:
    person = get_person(request.scope, person_id)
    if request.method == "POST":
        close_account(person=person, by=request.user, as_of=timezone.localdate())
        return done(request, f"{person} can no longer sign in.", "teams:person", person_id)
    return render(request, "teams/close_account.html", {"person": person})


@require(Permission.MANAGE_PEOPLE)
@require_POST
def reopen_account_page(request: ScopedRequest, person_id: int) -> HttpResponse:
    person = get_person(request.scope, person_id)
    reopen_account(person=person, by=request.user, as_of=timezone.localdate())
    return done(request, f"{person} can sign in again.", "teams:person", person_id)
