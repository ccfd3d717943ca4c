"""What is remembered from night to night: a file of SQLite, or a PostgreSQL that a team shares."""

from flowprobe.history.opening import open_history

__all__ = ["open_history"]
