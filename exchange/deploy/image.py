"""The image of the exchange: a worker and every command of an operator, without Java.

Two stages. The first installs exactly what `uv.lock` names, then the exchange itself. The second
takes over that one folder. It has no compiler, no installer of its own and no Java, and runs as
user 1000 on a file system that it never writes, but for the volume of the witness files.
"""

from typing import Final

from exchange import __version__

IMAGE: Final = f"service-events-exchange:{__version__}"
BASE: Final = "python:3.13-slim-trixie"
UV_VERSION: Final = "0.13.9"
"""The one of the Makefile; a test compares them."""
USER: Final = 1000
HOME: Final = "/opt/exchange"
STATE: Final = "/var/lib/exchange-witness"
"""Where the witness files are; a volume is mounted there."""

DOCKERFILE: Final = f"""\
# Made by `exchange deploy compose`. Build it from the root of the clone:
#
#   docker build -f deploy/Dockerfile -t {IMAGE} .
#
# BASE is any image with a Python from 3.11 to 3.14 and its venv module. Name it with its digest, so
# that every build is of the same base.
ARG BASE={BASE}

FROM ${{BASE}} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never \\
    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT={HOME}
WORKDIR /source
RUN python3 -m venv /uv && /uv/bin/pip install --quiet "uv=={UV_VERSION}"
# Libraries first: a change of our code alone does not install them again.
COPY pyproject.toml uv.lock ./
RUN /uv/bin/uv sync --quiet --frozen --no-dev --extra worker --no-install-project --python "$(command -v python3)"
COPY README.md ./
COPY schemas schemas
COPY producers producers
COPY consumers consumers
COPY exchange exchange
RUN /uv/bin/uv sync --quiet --frozen --no-dev --extra worker --no-editable --python "$(command -v python3)" \
    && rm -f {HOME}/.lock && install -d -m 0700 -o {USER} -g {USER} /witness

FROM ${{BASE}}
ENV PATH={HOME}/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
COPY --from=build {HOME} {HOME}
# A volume that is mounted there for the first time takes over its owner.
COPY --from=build --chown={USER}:{USER} /witness {STATE}
USER {USER}:{USER}
WORKDIR /tmp
STOPSIGNAL SIGTERM
ENTRYPOINT ["exchange"]
CMD ["worker"]
"""

DOCKERIGNORE: Final = """\
# Only what the image is built from: never a secret, a vault or an export that lies in the clone.
*
!pyproject.toml
!uv.lock
!README.md
!schemas
!producers
!consumers
!exchange
**/__pycache__
"""
