"""Every address of the site."""

from django.conf import settings
from django.urls import include, path

from collaborative.views_api import SchemaView, docs_page
from teams.views.account import own_address_page

urlpatterns = [
    # Before allauth's own: an address is proved by an invitation, never typed.
    path("account/email/", own_address_page),
    path("account/", include("allauth.urls")),
    path("api/docs/", docs_page, name="api_docs"),
    path("api/v1/schema/", SchemaView.as_view(), name="api_schema"),
    path("api/v1/", include("teams.api.urls")),
    path("api/v1/", include("measures.api.urls")),
    path("api/v1/", include("pdsa.api.urls")),
    path("api/v1/", include("grants.api.urls")),
    path("api/v1/", include("learning.api.urls")),
    path("api/v1/", include("reports.api.urls")),
    path("", include("teams.urls")),
    path("data/", include("measures.urls")),
    path("definitions/", include("measures.urls_definitions")),
    path("grants/", include("grants.urls")),
    path("", include("pdsa.urls")),
    path("asking/", include("pdsa.urls_asking")),
    path("learning/", include("learning.urls")),
    path("learning/", include("learning.urls_harvest")),
    path("", include("learning.urls_evaluation")),
    path("", include("pdsa.urls_aims")),
    path("", include("pdsa.urls_measures")),
    path("", include("reports.urls")),
]

if settings.DEBUG:
    from collaborative.views_components import components_page

    urlpatterns.append(path("components/", components_page, name="components"))
