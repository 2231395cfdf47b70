"""Every error of an archive and of a restore, in one list.

A message names files, topics, epochs and agencies' codes, never a key or a value of an event.
"""

from exchange.core.errors import ExchangeError


class ArchiveError(ExchangeError):
    """Root of the errors of an archive."""


class ArchiveRefused(ArchiveError):
    """The archive cannot be written to this directory. Nothing was changed."""

    hint = "Name a directory that is new or empty, or the one that holds the earlier archive of this cluster."


class ArchiveOfAnother(ArchiveError):
    """The directory holds the archive of another exchange or cluster. Nothing was changed."""

    hint = "Name a new directory. After a restore, too, a new archive begins: the old one stays as it is."


class ArchiveAhead(ArchiveError):
    """The directory holds events that this cluster lacks. Nothing was changed."""

    hint = (
        "This cluster lost events, or is an older copy. Keep the archive: stop the workers, and make a new cluster from it"
        " with `exchange restore`."
    )


class LogBeginsLate(ArchiveError):
    """The beginning of a topic is gone, so no whole archive can be made."""

    hint = "The topic is kept for ever. Find the program that deleted its beginning, and restore the cluster."


class ArchiveFailed(ArchiveError):
    """The files of the archive could not be written or read."""

    hint = "Mend the disk or the permissions, then run the same command again. An earlier archive there is still whole."


class NoArchive(ArchiveError):
    """The directory holds no archive."""

    hint = "Name the directory that `exchange archive` wrote."


class ArchiveDamaged(ArchiveError):
    """The archive is not as it was written. Nothing was restored."""

    hint = "Use another copy of the archive."


class ClusterNotEmpty(ArchiveError):
    """The cluster holds records of an exchange. Nothing was restored."""

    hint = "Restore only to an empty cluster. Check that EXCHANGE_BOOTSTRAP_SERVERS names the right one."


class RestoreInterrupted(ArchiveError):
    """An earlier restore to this cluster has begun and has not ended."""

    hint = (
        "If it is still running, wait. If it was interrupted, run `exchange restore --again` with the same directory: it"
        " deletes the topics of the unfinished restore and begins anew."
    )


class RestoreFailed(ArchiveError):
    """The cluster does not hold the records that the restore wrote. The restore is not finished."""

    hint = (
        "Stop every program that writes to this cluster, then run `exchange restore --again` with the same directory."
    )
