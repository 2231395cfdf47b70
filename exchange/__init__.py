"""An event-sourced exchange of de-identified service events between anti-trafficking agencies."""

__version__ = "0.1.0"
