"""Machine-readable descriptions of the networks' APIs, and where we differ from them."""
