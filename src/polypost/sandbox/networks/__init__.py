"""One simulator for each network, written from its documentation; none knows our connector."""
