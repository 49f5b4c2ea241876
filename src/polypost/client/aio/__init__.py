"""The client for asyncio; the one without is made of it by `make docs`."""
