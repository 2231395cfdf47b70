"""Pages made by a process beside the service: its picture, its messages, its life."""
