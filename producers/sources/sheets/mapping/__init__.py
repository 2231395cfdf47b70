"""Any other sheet: which of its columns hold what, as a person has confirmed it, once."""
