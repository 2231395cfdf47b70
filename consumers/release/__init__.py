"""Release, run: the calendar, the release lane with its draws, and the publisher."""
