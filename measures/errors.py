"""Expected errors of the measures app; each message is a sentence for the person who sent the data."""


class DefinitionProblem(Exception):
    """A measure definition or code set cannot be used; the message says where and how to mend it."""


class FileRefused(Exception):
    """The whole file cannot be used. `code` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
