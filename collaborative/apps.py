"""The composition root as a Django app: it has commands and checks, no tables."""

from django.apps import AppConfig


class CollaborativeConfig(AppConfig):
    name = "collaborative"

    def ready(self) -> None:
        from collaborative import checks  # noqa: F401 (importing registers them)
        from collaborative.grant_facts import register_grant_facts

        register_grant_facts()
