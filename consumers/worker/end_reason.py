"""The reason of a worker's end, in words for its pulse and its last line."""

from exchange.core.errors import ExchangeError


def reason_of(error: BaseException) -> str:
    """The error's name, with its message where it is a named one: those hold no client's value."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, ExchangeError) else name
