"""PostgreSQL and Valkey out of wheels, started as children that cannot outlive their parent."""


class ServerProblem(Exception):
    """A server cannot be started or has ended; the message is one sentence for the person at the keyboard."""
