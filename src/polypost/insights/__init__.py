"""What comes back from the networks after publication."""
