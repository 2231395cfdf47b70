"""Shared by every page and API: headers that keep readers safe, and problem details."""
