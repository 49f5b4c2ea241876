"""Google's login, for every network behind it."""
