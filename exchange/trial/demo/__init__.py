"""The demo, its agencies, its page, and what it leaves."""
