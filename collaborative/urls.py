"""Every address of the site."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("api/v1/", include("teams.api.urls")),
    path("api/v1/", include("measures.api.urls")),
    path("api/v1/", include("reports.api.urls")),
    path("", include("teams.urls")),
    path("data/", include("measures.urls")),
    path("", include("reports.urls")),
]

if settings.DEBUG:
    from collaborative.views_components import components_page

    urlpatterns.append(path("components/", components_page, name="components"))
