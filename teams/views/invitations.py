"""The page behind the link of an invitation. Everybody who holds the link may open it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teams.actions.people import accept_invitation, register_invited_person
from teams.errors import StateRefused
from teams.forms import RegistrationForm
from teams.models import Invitation, User
from teams.policies import check_invitation_allows
from teams.queries import find_account, get_invitation_by_secret
from teams.views.acting import act_from_form


@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_page(request: HttpRequest, secret: str) -> HttpResponse:
    """Name and password for a new person, one button for somebody who is signed in, sign-in for the rest."""
    try:
        invitation = get_invitation_by_secret(secret)
    except Invitation.DoesNotExist:
        raise Http404 from None
    as_of = timezone.now()
    context: dict[str, object] = {"invitation": invitation}
    try:
        check_invitation_allows("accept", invitation, as_of)
    except StateRefused as refusal:
        return _page(request, {**context, "refusal": str(refusal)}, status=410)

    if request.user.is_authenticated:
        return _accept_signed_in(request, request.user, invitation, context)
    if find_account(invitation.email):
        return _page(
            request, {**context, "sign_in_url": f"{reverse('account_login')}?next={request.path}"}
        )

    form = RegistrationForm(
        request.POST or None, email=invitation.email, initial={"name": invitation.name}
    )
    registered = act_from_form(
        request,
        form,
        lambda v: login(
            request,
            register_invited_person(
                invitation=invitation, name=v["name"], password=v["password"], as_of=as_of
            ),
        ),
    )
    if registered:
        messages.success(request, "Welcome. Your account is ready.")
        return redirect("/")
    return _page(request, {**context, "form": form}, status=422 if form.errors else 200)


def _accept_signed_in(
    request: HttpRequest, user: User, invitation: Invitation, context: dict[str, object]
) -> HttpResponse:
    if user.email.lower() != invitation.email.lower():
        return _page(request, {**context, "other_address": user.email})
    if request.method == "POST":
        try:
            accept_invitation(invitation=invitation, by=user, as_of=timezone.now())
        except StateRefused as refusal:
            return _page(request, {**context, "refusal": str(refusal)}, status=409)
        messages.success(request, "You have accepted the invitation.")
        return redirect("/")
    return _page(request, {**context, "accept": True})


def _page(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, "teams/invitation.html", context, status=status)
    # The address holds a secret that must not travel on. "no-referrer" would do too much: browsers then send
    # forms with the origin "null", which the check against forged requests refuses.
    response["Referrer-Policy"] = "strict-origin"
    return response
