"""The one door for orders: a body becomes an order and its problems, and is accepted once, whoever hands it in."""
