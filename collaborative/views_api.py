"""The API's own description: the OpenAPI 3.1 schema, a page that reads it out and one to try it. For everybody who is signed in."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from collaborative.api_reference import read_sections
from teams.authentication import RequirePermission
from teams.permissions import Permission, require


class TokenScheme(OpenApiAuthenticationExtension):
    """How a token is sent, for the schema."""

    target_class = "teams.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Write the word Token, a space and the key: `Token abc…`",
        }


class SchemaView(SpectacularAPIView):
    permission_classes = [RequirePermission]
    required_permission = Permission.VIEW_HOME


# The documentation's own script sets style attributes; nothing else of the policy is loosened, and only here.
@method_decorator(csp_update({"style-src": ["'self'", "'unsafe-inline'"]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    permission_classes = [RequirePermission]
    required_permission = Permission.VIEW_HOME
    template_name = "api_try.html"
    url_name = "api_schema"


try_page = require(Permission.VIEW_HOME)(DocsView.as_view())


@require(Permission.VIEW_HOME)
@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    """Every endpoint on one page that needs no script."""
    return render(request, "api_docs.html", {"sections": read_sections()})
