"""The shared national picture, served: a snapshot of `metrics`, and HTTP, SSE and files from it."""
