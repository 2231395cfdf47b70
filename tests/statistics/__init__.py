"""What can only be said of very many draws: the distribution of the noise, and how often intervals hold the truth."""
