"""Credits: an append-only ledger; a balance is a sum, never a counter."""
