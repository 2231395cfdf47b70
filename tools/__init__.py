"""What the project needs and no user does."""
