"""The client without asyncio: `make docs` makes these files of those in `aio`."""
