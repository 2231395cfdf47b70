"""A picture for another process: what it has that the other one lacks, piece by piece.

    told = PictureTold()
    for piece in told.news(picture, released): send(piece)       # here
    mirror.take(piece)                                           # there; then mirror.picture

Names only grow, epochs and releases never change once they are there: so after the first time, a
month costs what it brought, and no file and no second copy of the whole is made on the way.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

import pyarrow as pa

from consumers.serve.snapshot.columns import SCHEMA, Dictionaries, Dictionary, EpochColumns, Series
from consumers.serve.snapshot.snapshot import Picture
from exchange.core.release.released import Release, Released
from exchange.wire.point_rows import Origins

PIECE: Final = 2_000
"""Names of one piece: it is written at once, and nothing else happens meanwhile."""
RELEASES: Final = 50
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class NewNames:
    """Names behind those that are known. `anew`: nothing of before counts any more."""

    series: Sequence[Series] = ()
    units: Sequence[str] = ()
    origins: Sequence[Origins] = ()
    anew: bool = False


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """An epoch, new or again. `batch`: an Arrow batch; `parts`: metric → first row and end."""

    epoch: int
    batch: bytes
    parts: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class NewReleases:
    """Releases that are not known yet."""

    releases: Sequence[Release]


@dataclass(frozen=True, slots=True)
class ShowPicture:
    """All of a picture was sent. `complete`: and all releases behind it."""

    position: int
    complete: bool


NewsPiece: TypeAlias = NewNames | NewEpoch | NewReleases | ShowPicture


class PictureTold:
    """What the other process was told so far."""

    def __init__(self) -> None:
        self._names: Dictionaries | None = None
        self._counts = (0, 0, 0)
        self._epochs: dict[int, EpochColumns] = {}
        self._releases: set[tuple[str, int]] = set()
        self._shown: tuple[Picture, bool] | None = None

    def news(self, picture: Picture, released: Released | None) -> Iterator[NewsPiece]:
        """What is new, in pieces; `released` None: not all of them were read.

        A telling that was broken off goes on the next time.
        """
        complete = released is not None
        if self._shown is not None and self._shown[0] is picture and (self._shown[1] or not complete):
            return
        if self._names is not picture.names:
            self._names, self._counts, self._epochs, self._releases = picture.names, (0, 0, 0), {}, set()
            yield NewNames(anew=True)
        yield from self._new_names(picture.names)
        for epoch, held in picture.epochs.items():
            if self._epochs.get(epoch) is not held:
                self._epochs[epoch] = held
                yield NewEpoch(epoch, held.batch.serialize().to_pybytes(), _ends(held.parts))
        if released is not None:
            yield from self._new_releases(released)
        self._shown = picture, complete
        yield ShowPicture(picture.position, complete)

    def _new_names(self, names: Dictionaries) -> Iterator[NewNames]:
        known, held = self._counts, (names.series, names.units, names.origins)
        self._counts = (len(held[0].values), len(held[1].values), len(held[2].values))
        if self._counts[1:] != known[1:]:
            yield NewNames(units=_from(names.units, known[1]), origins=_from(names.origins, known[2]))
        series = _from(names.series, known[0])
        for at in range(0, len(series), PIECE):
            yield NewNames(series=series[at : at + PIECE])

    def _new_releases(self, released: Released) -> Iterator[NewReleases]:
        fresh = ((key, one) for key, one in released.held.items() if key not in self._releases)
        while some := list(islice(fresh, RELEASES)):
            yield NewReleases([one for _, one in some])
            self._releases |= {key for key, _ in some}


def _from(names: Dictionary[T], known: int) -> list[T]:
    return names.values[known:]


def _ends(parts: Mapping[str, slice]) -> Mapping[str, tuple[int, int]]:
    return {metric: (part.start, part.stop) for metric, part in parts.items()}


class PictureMirror:
    """The picture of another process. `complete`: with all its releases."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.released: Released | None = None
        self._names = Dictionaries()
        self._epochs: dict[int, EpochColumns] = {}
        self._releases = Released()

    def take(self, piece: NewsPiece) -> bool:
        """Take a piece; whether there is a picture to be shown now."""
        match piece:
            case NewNames():
                self._take_names(piece)
            case NewEpoch(epoch, batch, parts):
                read = pa.ipc.read_record_batch(pa.py_buffer(batch), SCHEMA)
                self._epochs[epoch] = EpochColumns(read, {name: slice(*ends) for name, ends in parts.items()})
            case NewReleases(releases):
                self._releases = self._releases.taking(releases)
            case ShowPicture(position, complete):
                epochs = MappingProxyType(dict(self._epochs))
                self.picture = replace(Picture(), names=self._names, epochs=epochs, position=position)
                self.released = self._releases if complete else None
                return True
        return False

    def _take_names(self, piece: NewNames) -> None:
        if piece.anew:
            self._names, self._epochs, self._releases = Dictionaries(), {}, Released()
        for metric, dimensions in piece.series:
            self._names.series_of(metric, dimensions)
        for unit in piece.units:
            self._names.units.of(unit)
        for origins in piece.origins:
            self._names.origins.of(origins)
