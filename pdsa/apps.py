from django.apps import AppConfig


class PdsaConfig(AppConfig):
    name = "pdsa"

    def ready(self) -> None:
        from pdsa.readers import register_readers

        register_readers()
