"""The OpenAPI document, made of what each route says of itself, and the page that shows it."""
