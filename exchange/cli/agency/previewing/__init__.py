"""What would leave: shown at the terminal, as JSON, and as a page for a privacy officer."""
