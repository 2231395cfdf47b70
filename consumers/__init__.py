"""The exchange's side.

An evaluator's program imports from here everything that it needs to read published metrics.

    from consumers import MetricPoint, subscribe

`docs/SUBSCRIBING.md` shows how. A name is loaded from its module when it is first used, so that
`import consumers` costs nothing. These names stay; the modules below (worker, replay, status …) are
the operator's and may change. Faust is used only below this package.
"""

from typing import TYPE_CHECKING, Final

from exchange.lazy_names import lazy_names

__all__ = [  # to subscribe
    "Batch",
    "Log",
    "Selection",
    "Settings",
    "follow",
    "metrics_log",
    "select",
    "subscribe",
]
__all__ += [  # points: docs/METRICS.md says how to read one
    "MetricPoint",
    "Origin",
    "epoch_text",
    "parse_epoch",
    "period_text",
]
__all__ += [  # to compute points again from the releases
    "Release",
    "Released",
    "decode_point",
    "decode_release",
    "points",
]
__all__ += [  # errors
    "CodeUnknown",
    "DimensionUnknown",
    "EpochInvalid",
    "ExchangeError",
    "LogUnavailable",
    "MessageUnreadable",
    "MetricUnknown",
    "NoKafka",
    "NotAuthorized",
    "SettingInvalid",
    "StartUnknown",
]

_HOMES: Final = (
    "exchange.core.errors",
    "exchange.core.model.period",
    "exchange.core.model.epochs",
    "exchange.core.release.released",
    "exchange.core.metrics.view",
    "exchange.core.metrics.figures",
    "exchange.core.metrics.query",
    "exchange.core.metrics.table",
    "exchange.wire.message",
    "exchange.wire.public_records",
    "exchange.engine.errors",
    "exchange.engine.log",
    "exchange.settings",
    "exchange.kafka_address",
    "consumers.metrics.subscribe",
)
"""Where the names are defined, cheap modules first."""

if TYPE_CHECKING:
    from consumers.metrics.subscribe import (
        Batch,
        StartUnknown,
        follow,
        metrics_log,
        subscribe,
    )
    from exchange.core.errors import (
        ExchangeError,
    )
    from exchange.core.metrics.figures import (
        MetricPoint,
    )
    from exchange.core.metrics.query import (
        CodeUnknown,
        DimensionUnknown,
        MetricUnknown,
        Selection,
        select,
    )
    from exchange.core.metrics.table import (
        points,
    )
    from exchange.core.metrics.view import (
        Origin,
    )
    from exchange.core.model.epochs import (
        EpochInvalid,
        epoch_text,
        parse_epoch,
    )
    from exchange.core.model.period import (
        period_text,
    )
    from exchange.core.release.released import (
        Release,
        Released,
    )
    from exchange.engine.errors import (
        LogUnavailable,
        NotAuthorized,
    )
    from exchange.engine.log import (
        Log,
    )
    from exchange.kafka_address import (
        NoKafka,
    )
    from exchange.settings import (
        SettingInvalid,
        Settings,
    )
    from exchange.wire.message import (
        MessageUnreadable,
    )
    from exchange.wire.public_records import (
        decode_point,
        decode_release,
    )
else:
    __getattr__, __dir__ = lazy_names(__name__, __all__, _HOMES)
