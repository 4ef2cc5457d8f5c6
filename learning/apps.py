from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "learning"

    def ready(self) -> None:
        from learning.actions.exchange import withdraw_shared_test
        from learning.queries.effects import list_released_effects
        from learning.readers import register_readers
        from pdsa.released import register_finder
        from pdsa.withdrawal import register_withdrawal

        register_readers()
        register_withdrawal(withdraw_shared_test)
        register_finder(list_released_effects)
