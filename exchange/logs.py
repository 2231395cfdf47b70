"""Logging, set up once by the command that starts: JSON lines, readable at a terminal.

Rules kept: libraries log warnings and worse through the same renderer; a line that a library
repeats is left out after a few times and counted; nothing here or elsewhere logs a value of a
record; tracebacks are rendered as places, without the text of foreign errors.
"""

import logging
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import structlog

_LIBRARIES = ("aiokafka", "faust", "mode", "kafka", "asyncio")
REPEATS_MAX = 3
"""Lines of one library message that are logged within `REPEATS_S`."""
REPEATS_S = 30.0
MESSAGES_MAX = 500


class RepeatFilter(logging.Filter):
    """Leaves out what a library repeats: while brokers are away, clients write 50 kB a second.

    A message is its template, whatever its arguments. The next line that passes reports how many
    were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[tuple[str, str], float] = {}
        self._passed: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log this line."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        message, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._began.get(message, float("-inf")) >= REPEATS_S:
            if len(self._began) >= MESSAGES_MAX:
                self._began.clear()
                self._passed.clear()
            if (left_out := self._passed.get(message, 0) - REPEATS_MAX) > 0:
                record.msg = f"{record.msg} ({left_out} lines like this were left out)"
            self._began[message], self._passed[message] = now, 0
        self._passed[message] += 1
        return self._passed[message] <= REPEATS_MAX


def log_beside_output() -> None:
    """Send what a command logs to standard error: its output may be for programs.

    Nothing is imported for it: a command that logs has imported the library by now.
    """
    structlog = sys.modules.get("structlog")
    if structlog is None or structlog.is_configured():
        return
    structlog.configure(
        processors=[structlog.processors.add_log_level, _without_values, structlog.dev.ConsoleRenderer(colors=False)],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def set_up_logs(level: str = "info") -> None:
    """Send everything to standard error: JSON lines, or readable ones at a terminal."""
    import structlog  # takes a tenth of a second, which commands without a log do not spend

    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    at_terminal = sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if at_terminal else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _retries_are_no_errors,
                _without_values,
                renderer,
            ],
        )
    )
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def quiet_libraries() -> None:
    """For commands that a person watches: a retry that succeeds is no news."""
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _retries_are_no_errors(_: object, __: str, event: "structlog.types.EventDict") -> "structlog.types.EventDict":
    """Log a retried error as a warning; if the retry fails, a named error reports it."""
    if str(event.get("logger", "")).startswith("aiokafka") and event.get("level") == "error":
        event["level"] = "warning"
    return event


def _without_values(_: object, __: str, event: "structlog.types.EventDict") -> "structlog.types.EventDict":
    """An exception is named by its type: its text may quote what it failed on."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    if event.get("logger") == "asyncio":  # its texts hold the repr of an error that no code handled
        event["event"] = "asyncio reports an error that no code handled, or a task that was left running"
    return event
