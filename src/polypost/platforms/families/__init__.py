"""What networks of one house share: one folder a house."""
