"""Keeps the cache file of a running service up to date."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from consumers.serve.service import Service
from consumers.serve.snapshot.cache_file import CacheFile, CacheUnfit, read_cache
from consumers.serve.snapshot.snapshot import PointSnapshot

LOOK_S: Final = 2.0
_logger = structlog.get_logger(__name__)


def service_from(path: Path | None) -> Service:
    """A service that begins with what a file has. A file that is unfit is not used."""
    try:
        picture = read_cache(path) if path else None
    except CacheUnfit as error:
        _logger.warning("the cache file is thrown away, and everything is read again", reason=str(error))
        picture = None
    return Service(PointSnapshot(picture))


async def keep(service: Service, file: CacheFile) -> None:
    """Write the snapshot whenever it changed and all was read, until cancelled; then once more."""
    kept = service.changes
    if not file.ours:
        _logger.warning("another service writes this cache file; this one only reads it")
        return
    try:
        while True:
            await asyncio.sleep(LOOK_S)
            if service.hearing.complete and service.changes != kept:
                kept = service.changes
                await asyncio.to_thread(_write, service, file)
    finally:
        if service.changes != kept and service.picture.runs:
            _write(service, file)


def _write(service: Service, file: CacheFile) -> None:
    try:
        file.write(service.picture)
    except OSError as error:
        _logger.warning("the cache file could not be written", reason=error.strerror)
