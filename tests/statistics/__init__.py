"""Laws of very many draws: the noise's distribution, and how often intervals contain the truth."""
