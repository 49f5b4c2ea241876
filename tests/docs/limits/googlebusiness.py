"""Google Business Profile."""

DIFFERENT = {
    "photo_max_bytes": "5 MB without saying which: we send by the smaller reading, the simulator takes the larger",
}
