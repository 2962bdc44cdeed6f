"""Why is there no data? A table of checks, in the order in which things have to work.

`chart` holds what was seen, `hands` and its helpers see it, and all that is judged is judged by
pure functions of the chart: `settings`, `network`, `tls`, `login`, `gateway`, `health`.
"""
