"""A request as the views behind `require` see it."""

from __future__ import annotations

from django.http import HttpRequest

from teams.models import User
from teams.scoping import Scope


class ScopedRequest(HttpRequest):
    """Of somebody who is signed in, with what that person may see (`collaborative.middleware`).

    For the types only: no request is ever made of this class.
    """

    user: User
    scope: Scope
