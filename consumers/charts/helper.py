"""The helper process: `python -m consumers.charts.helper`. Draws one chart after another.

Reads one request a line from standard input, a drawing and a width as JSON, and answers with one
line: the SVG, or the name of the error. Nothing else reaches its standard output.

Rules kept: it opens no connection, and a drawing names no address. It ends when its parent does,
and by itself if a chart takes far too long, even one that holds on to the interpreter. It stands
back behind whoever answers readers: it gives up priority before it loads its libraries, because a
thread has the priority of the one that started it.
"""

import faulthandler
import hashlib
import json
import os
import sys
from contextlib import suppress
from typing import Any, Final

from consumers.standing_back import stand_back

VEGA_LITE: Final = "6.4"
"""The version of the specification, whatever versions vl-convert has beside it."""
HOPELESS_S: Final = 120
"""A chart that takes so long ends the process; the parent gave up long before."""
NICENESS: Final = 10
"""A tenth of the processor beside whoever wants all of it, and all that others leave."""


def rendered(spec: dict[str, Any]) -> str:
    """The SVG of a specification. Raises ValueError, also for data that it would have to fetch."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
    return svg


def drawn(request: bytes) -> bytes:
    """The SVG that a request asks for; any exception says that it cannot be drawn."""
    from consumers.charts.drawings import ChartWidth, drawing_from
    from consumers.charts.specs import spec_of
    from consumers.charts.svg import accessible

    plain = json.loads(request)
    drawing, width = drawing_from(plain["drawing"]), ChartWidth(plain["width"])
    key = hashlib.sha256(request).hexdigest()[:12]
    return accessible(rendered(spec_of(drawing, width)), title=drawing.title, describes=drawing.describes, key=key)


def main() -> None:
    """Answer requests until standard input ends."""
    stand_back(NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    with suppress(BrokenPipeError):
        for request in sys.stdin.buffer:
            faulthandler.dump_traceback_later(HOPELESS_S, exit=True)
            try:
                answer = {"svg": drawn(request).decode()}
            except Exception as error:  # noqa: BLE001 - whatever it is, the next chart may do
                answer = {"error": type(error).__name__}
            faulthandler.cancel_dump_traceback_later()
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    main()
