"""What was asked: posts and their targets, their states, and the work that stands in the target rows."""
