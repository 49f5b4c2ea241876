"""Meta's Graph APIs: what Facebook, Instagram and Threads share."""
