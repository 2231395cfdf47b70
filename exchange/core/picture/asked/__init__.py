"""What was asked in 2003 and 2008, and for a brief, with live figures beside it."""
