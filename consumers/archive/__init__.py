"""Archive an exchange to files, and restore it from them to an empty cluster.

    archived = await archive(log, partitions, directory)
    restored = await restore(Target(log, admin, partitions, replication), directory)

An archive holds the topics of record: `events`, `agencies`, `epochs`, `draws` and `releases`. All
others are rebuilt from them.
"""

from consumers.archive.archiving import Archived, archive
from consumers.archive.event_files import CopyProgress
from consumers.archive.restoring import Restored, Target, restore

__all__ = ["Archived", "CopyProgress", "Restored", "Target", "archive", "restore"]
