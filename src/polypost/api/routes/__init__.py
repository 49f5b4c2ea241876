"""One file for each resource, with the shapes of its queries and answers in it or beside it."""
