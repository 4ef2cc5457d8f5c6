from importlib import import_module

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        import_module("teams.sign_in_events")  # connects its receivers
