"""hypothesis without a deadline, since nothing here is about time, and with the blob that repeats a failure."""

from hypothesis import settings

settings.register_profile("laws", deadline=None, print_blob=True)
settings.load_profile("laws")
