"""The own account: profile and API tokens. Signing in and its second step are pages of allauth."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from teams.actions.people import change_own_name
from teams.actions.tokens import create_api_token, revoke_api_token
from teams.forms import ProfileForm, TokenForm
from teams.permissions import Permission, require
from teams.queries import list_own_memberships, list_own_tokens
from teams.requests import ScopedRequest
from teams.views.acting import act_from_form, done, form_page


@require(Permission.VIEW_HOME)
@require_http_methods(["GET", "HEAD", "POST"])
def profile_page(request: ScopedRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, initial={"name": request.user.name})
    if act_from_form(request, form, lambda v: change_own_name(**v, by=request.user)):
        return done(request, "Your name is changed.", "teams:profile")
    return form_page(
        request,
        "teams/profile.html",
        form,
        memberships=list_own_memberships(request.user),
        today=timezone.localdate(),
        may_use_api=request.scope.may(Permission.USE_API),
    )


@require(Permission.USE_API)
@require_http_methods(["GET", "HEAD", "POST"])
def tokens_page(request: ScopedRequest) -> HttpResponse:
    """The answer to a new token is the page itself, not a redirect: the key exists only in it."""
    form = TokenForm(request.POST or None)
    acted = act_from_form(
        request,
        form,
        lambda v: create_api_token(**v, by=request.user, as_of=timezone.now()),
    )
    if acted:
        form = TokenForm()
    as_of = timezone.now()
    rows = [
        {
            "token": token,
            "state": "revoked"
            if token.revoked_at
            else ("expired" if token.expires_at <= as_of else "works"),
        }
        for token in list_own_tokens(request.user)
    ]
    return form_page(request, "teams/tokens.html", form, rows=rows, made=acted and acted.made)


@require(Permission.USE_API)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token_page(request: ScopedRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(list_own_tokens(request.user), pk=token_id)
    if request.method == "POST":
        revoke_api_token(token=token, by=request.user, as_of=timezone.now())
        return done(request, f"The token “{token.name}” is revoked.", "teams:tokens")
    return render(request, "teams/revoke_token.html", {"token": token})


@require(Permission.VIEW_HOME)
@require_safe
def own_address_page(request: ScopedRequest) -> HttpResponse:
    """Stands in for allauth's page of e-mail addresses: an address is proved by an invitation, never typed."""
    return redirect("teams:profile")
