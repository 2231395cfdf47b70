"""What a log line may hold, and what it calls an error.

In a process of its own: logging is set up for a whole process.
"""

import json
import subprocess
import sys

SAYS = """
import logging
from exchange.logs import set_up_logs
set_up_logs()
logging.getLogger("aiokafka.consumer.group_coordinator").error("Group Coordinator Request failed")
logging.getLogger("aiokafka").info("chatter")
logging.getLogger("exchange.ours").error("a lane ended")
try:
    {}["Jane Doe"]
except KeyError:
    logging.getLogger("exchange.ours").exception("could not be read")
logging.getLogger("asyncio").error("Task exception was never retrieved: KeyError('Jane Doe')")
"""


def test_lines_are_json_that_names_errors_by_type_and_retries_warnings() -> None:
    done = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, text=True, check=True, timeout=60)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["level"], line["event"]) for line in lines[:3]] == [
        ("warning", "Group Coordinator Request failed"),
        ("error", "a lane ended"),
        ("error", "could not be read"),
    ]
    assert lines[2]["error"] == "KeyError"
    assert "Jane" not in done.stderr


COMMAND = """
import structlog
from exchange.logs import log_beside_output
log_beside_output()
try:
    {}["Jane Doe"]
except KeyError:
    structlog.get_logger("exchange.ours").exception("could not be read")
print("{}")
"""


def test_what_a_command_logs_is_not_in_its_output() -> None:
    done = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {}
    assert "could not be read" in done.stderr
    assert "Jane" not in done.stderr
