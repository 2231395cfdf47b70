"""Numbers with their noun, as people read them."""


def number_of(count: int, noun: str, plural: str = "") -> str:
    """`1 event`, `2 events`, `1,200 agencies`. `plural`: unless it is the noun and an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
