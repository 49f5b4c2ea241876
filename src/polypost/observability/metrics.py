"""Every metric of Polypost (docs/reference/metrics.md is written from this list).

Labels are networks, ends, states, routes: never a project, an account or a post.
"""

from __future__ import annotations

from polypost.observability.families import Counter, Gauge, Histogram

_CALL = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
_STORE = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0)
_LAG = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
_STORY = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0)

# This process

BUILD = Gauge("polypost_build_info", "1, with the version and the kind of store.", "version", "store")
REQUESTS = Histogram(
    "polypost_http_request_duration_seconds",
    "Requests to the API and the dashboard. `route` is the path's template, `other` where none of the API's answers; "
    "`status` the answer's first digit, as in `2xx`, `none` where the client went away before it.",
    "method",
    "route",
    "status",
    bounds=_CALL,
)
STORE_WRITES = Histogram(
    "polypost_store_write_duration_seconds",
    "Changes of the store, with the wait for their turn; `outcome` is `kept`, `refused` by a rule, or `failed` because "
    "the store could not take it.",
    "outcome",
    bounds=_STORE,
)
LOG_LINES = Counter(
    "polypost_log_lines_total", "Lines of the log that are warnings or worse.", "level", "room"
)
LOG_LINES_LOST = Counter("polypost_log_lines_lost_total", "Lines of the log that could not be written.")

# The way of a post

ACCEPTED = Counter(
    "polypost_posts_accepted_total",
    "Posts that were taken, by every entrance; `due` is `now` or `later`. Repeats are not counted.",
    "due",
)
START_LAG = Histogram(
    "polypost_target_start_lag_seconds",
    "From the instant at which a target is due to its first claim by a worker.",
    bounds=_LAG,
)
SEAT_WAIT = Histogram(
    "polypost_seat_wait_seconds",
    "From a wake-up's turn in its account's lane to its seat in this process.",
    "kind",
    bounds=_LAG,
)
TARGETS_ENDED = Counter(
    "polypost_targets_ended_total",
    "Targets that came to their end: `outcome` is `published` or `failed`, `code` the error's.",
    "network",
    "outcome",
    "code",
)
TARGET_TIME = Histogram(
    "polypost_target_duration_seconds",
    "From the instant at which a target is due to its end, waits for limits and repeats included.",
    "network",
    "outcome",
    bounds=_STORY,
)
WAITS = Counter(
    "polypost_target_waits_total",
    "Times that a worker was given back because a target has to wait; for `reason` see the gauge of waiting targets.",
    "network",
    "reason",
)
DOUBTS = Counter(
    "polypost_doubts_total",
    "Calls whose answer was lost, so that it had to be found out what became of them.",
    "network",
)
DOUBTS_ENDED = Counter(
    "polypost_doubts_ended_total",
    "How that ended: `found` on the network, `absent` and so tried again, or `unknown`.",
    "network",
    "outcome",
)
SLOW_STEPS = Counter(
    "polypost_slow_steps_total", "Steps of a publication that took longer than ten seconds.", "network"
)

# Networks

NETWORK_CALLS = Histogram(
    "polypost_network_call_duration_seconds",
    "Calls to networks. `outcome` is the answer's first digit, as in `2xx`, `429`, or why there is none: `name` unknown, "
    "`refused`, `tls` for a certificate that is not good, `not_sent`, `no_answer`.",
    "network",
    "outcome",
    bounds=_CALL,
)
NETWORKS_RESTING = Gauge(
    "polypost_networks_resting",
    "Servers of a network that this process leaves alone because nobody answers there.",
    "network",
)
CONSENTS = Counter(
    "polypost_consents_total",
    "Consents of people to connect an account that came back: `connected`, `denied` by the person, or `failed`; `code` is "
    "the error's, `platform_setup` where the network does not accept the app.",
    "network",
    "outcome",
    "code",
)
REFRESHES = Counter(
    "polypost_token_refreshes_total",
    "Renewals of an account's authorisation: `renewed`, `refused` for good, `app_refused` because the network does not "
    "accept the app, or `later` because it could not be asked.",
    "network",
    "outcome",
)
DEAD_TOKENS = Counter(
    "polypost_dead_tokens_total",
    "Accounts whose authorisation ended, so that a person has to connect them again.",
    "network",
    "reason",
)

# What is told

DELIVERIES = Counter(
    "polypost_webhook_tries_total",
    "Tries to deliver an event; `outcome` is `delivered` or why not.",
    "channel",
    "outcome",
)

# Looked up when somebody asks. Those of the store are the same from each process on one database.

SEATS = Gauge("polypost_seats", "Handlers that this process runs side by side at most.")
SEATS_TAKEN = Gauge("polypost_seats_taken", "How many of them run.")
ASIDE = Gauge("polypost_handlers_aside", "Handlers that wait for media and need no seat meanwhile.")
LANES_WAITING = Gauge(
    "polypost_lanes_waiting", "Accounts with a due target that wait for a seat in this process."
)
SILENCE = Gauge(
    "polypost_worker_silence_seconds", "Since a worker was last heard, from any process; +Inf when never."
)
CLOCK_OK = Gauge(
    "polypost_clock_ok", "1 while this process's clock is believed, else it carries out nothing."
)
CLOCK_OFF = Gauge(
    "polypost_clock_offset_seconds",
    "By how much this machine's clock is ahead of the database's; always 0 on SQLite.",
)
STORE_OK = Gauge("polypost_store_ok", "1 while the store takes changes.")
STORE_FREE = Gauge("polypost_data_free_bytes", "Free bytes on the disk of the data folder.")
STORE_BYTES = Gauge("polypost_store_bytes", "Bytes of the embedded store with its log; none on PostgreSQL.")
OVERDUE = Gauge("polypost_targets_overdue", "Targets that are due and held by nobody, a thousand at most.")
OVERDUE_FOR = Gauge(
    "polypost_targets_overdue_seconds", "Since when the first of them is due; 0 when there is none."
)
WAITING = Gauge(
    "polypost_targets_waiting",
    "Due targets by what they wait for, of the two thousand whose time comes first: `worker`, `account` (another one of "
    "it is under way), `share` of the seats, `media`, `rate_limited`, `back_off`, `network_down`, `checking`, `processing`.",
    "reason",
)
EVENTS = Gauge("polypost_events_waiting", "Events not yet handed to their subscriptions, a thousand at most.")
BACKLOG = Gauge(
    "polypost_webhook_backlog", "Deliveries that wait, for a further try too, ten thousand at most."
)
BACKLOG_FOR = Gauge(
    "polypost_webhook_overdue_seconds", "Since when the first due delivery waits; 0 when there is none."
)
RECONNECT = Gauge(
    "polypost_accounts_to_reconnect",
    "Accounts that a person has to connect again; asked once a minute.",
    "network",
)
MEDIA = Gauge(
    "polypost_media_bytes",
    "Bytes of files that are kept: `fetched` for posts or `uploaded`; asked once a minute.",
    "kind",
)

# As every exporter names them.

MEMORY = Gauge("process_resident_memory_bytes", "Resident memory of this process.")
CPU = Counter("process_cpu_seconds_total", "CPU time of this process.")
STARTED = Gauge("process_start_time_seconds", "When this process began, in seconds since 1970.")
FILES = Gauge("process_open_fds", "Open file descriptors of this process.")
