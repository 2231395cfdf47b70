"""HTCDS 2.0 of IOM, unmapped: its Excel templates, and exports of its XLSForm by Kobo and ODK."""
