"""The HTTP server and what every request goes through: limits, keys, bodies, errors, answers."""
