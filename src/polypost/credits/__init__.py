"""Credits: an append-only ledger, and running sums that follow it."""
