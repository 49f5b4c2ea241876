"""What connectors are put together from: reading answers, refusals, sign-in, options, media rules, uploads.

It knows no network; what two networks of one house share stands in `families`.
"""
