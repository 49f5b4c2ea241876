"""Comments under posts and private messages: read, and written once."""
