from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from measures.queries import register_released
        from reports.queries.cards import list_hidden_on_cards

        # What a card hid stays hidden when the numbers are restated.
        register_released(list_hidden_on_cards)
