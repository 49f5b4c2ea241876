"""What comes back from the networks: figures, comments, messages."""
