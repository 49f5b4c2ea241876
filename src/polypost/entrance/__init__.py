"""What all entrances have in common: the rooms behind them, whose request it is, and how the server is."""
