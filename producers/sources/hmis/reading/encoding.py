"""The encoding of one file of an export, by its bytes."""

import codecs
from typing import Final

from producers.sources.hmis.reading.files import Bundle

CHUNK_OCTETS: Final = 1 << 20


def encoding_of(bundle: Bundle, name: str) -> str:
    """UTF-16 by its byte order mark; UTF-8 if the whole file is valid UTF-8; else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with bundle.opened(name) as stream:
        try:
            chunk = stream.read(CHUNK_OCTETS)
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(CHUNK_OCTETS)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"
