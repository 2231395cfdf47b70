"""The months whose figures were released, and what each brought."""

from consumers.serve.snapshot.snapshot import Picture
from exchange.core.model.epochs import epoch_text


def months(picture: Picture) -> dict[str, object]:
    """Every month, newest first."""
    return {"epochs": [month(picture, one) for one in sorted(picture.epochs, reverse=True)]}


def month(picture: Picture, epoch: int) -> dict[str, object]:
    """One month: its metrics with the number of figures that it brought, and where they are."""
    text = epoch_text(epoch)
    parts = picture.epochs[epoch].parts
    return {
        "epoch": text,
        "settled": epoch in picture.settled,
        "figures": len(picture.epochs[epoch]),
        "address": f"/v1/epochs/{text}",
        "metrics": {name: part.stop - part.start for name, part in parts.items()},
        "as_of": f"/v1/metrics/{{metric}}?as_of={text}",
    }
