"""Addresses of the product with the component page, as DEBUG has them, and a page that takes a file."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import RequestContext, Template
from django.urls import include, path

from collaborative.views_components import components_page

PAGE = """{% extends "base.html" %}{% load static %}
{% block content %}<h1>Send</h1><form method="post" enctype="multipart/form-data" data-upload>{% csrf_token %}
{% include "components/error_summary.html" %}{% include "components/dropzone.html" with field=form.file %}
<button class="button" type="submit">Send</button></form>{% endblock %}
{% block scripts %}<script type="module" src="{% static 'js/dropzone.js' %}"></script>{% endblock %}"""


class UploadForm(forms.Form):
    file = forms.FileField(label="File")

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.name.endswith(".xlsx"):
            raise forms.ValidationError("This is an Excel file.")
        return file


def take(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        messages.success(request, f"{form.cleaned_data['file'].size} bytes arrived")
        return redirect("/taken/")
    page = Template(PAGE).render(RequestContext(request, {"form": form}))
    return HttpResponse(page, status=422 if form.is_bound else 200)


def taken(request: HttpRequest) -> HttpResponse:
    page = Template('{% extends "base.html" %}{% block content %}<h1>Taken</h1>{% endblock %}')
    return HttpResponse(page.render(RequestContext(request)))


urlpatterns = [
    path("account/", include("allauth.urls")),
    path("components/", components_page, name="components"),
    path("take/", take),
    path("taken/", taken),
]
