"""Errors of the kernel that a request can meet; `collaborative.middleware` turns them into pages."""


class NotAllowed(Exception):
    """The user's role does not hold the permission. The message is a sentence for the user."""


class StateRefused(Exception):
    """The state of the object does not allow the act. The message names what would have to be true."""


class FileRefused(StateRefused):
    """A file is not accepted. The message says what to send instead."""
