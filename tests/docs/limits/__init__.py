"""Where a network's two readings of its limits differ in name or on purpose; one module a network.

`NAMES`: the connector's name of a limit → the simulator's. `DIFFERENT`: numbers that differ on purpose, with the reason.
`ALONE`: limits that only the connector has, with the reason.
"""
