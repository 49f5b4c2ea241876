"""The pages, one file a subject; `PAGES` of each says under which address, and for whom."""
