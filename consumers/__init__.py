"""What runs at the exchange: the worker with its lanes, replay, and what operators ask. Faust is used only here."""
