"""Commands that set an edge up and keep it fit: questions, practice, doctor, calendar, backup."""
