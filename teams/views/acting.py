"""What pages with a form have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse

from teams.errors import StateRefused

T = TypeVar("T")


@dataclass(frozen=True)
class Acted(Generic[T]):
    """It was done. made: what the act returned."""

    made: T


def act_from_form(
    request: HttpRequest,
    form: forms.BaseForm,
    act: Callable[[dict[str, Any]], T],
    *,
    refused_at: str | None = None,
) -> Acted[T] | None:
    """Call `act` with the checked values; a refusal becomes a message of the form, which keeps what was typed.

    refused_at: the field that a refusal stands at, None for the form as a whole. Returns None where
    nothing was done.
    """
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return Acted(act(form.cleaned_data))
    except StateRefused as refusal:
        form.add_error(refused_at, str(refusal))
        return None


def form_page(
    request: HttpRequest, template: str, form: forms.BaseForm, **context: Any
) -> HttpResponse:
    """The page of a form; 422 when what was sent could not be accepted."""
    return render(request, template, {"form": form, **context}, status=422 if form.errors else 200)


def done(request: HttpRequest, sentence: str, where: str, *args: Any) -> HttpResponseRedirect:
    """Say what happened on the page that comes next."""
    messages.success(request, sentence)
    return redirect(reverse(where, args=args))
