"""Intake: the durable log that everything starts from, the series index, and the limits.

Start with `log` (append, acknowledge after the fdatasync, read back), then `segment` (bytes on disk),
`codec` (an entry as bytes), `recovery` (what survives damage), `index` (which row a series has),
`dedup` (a retry is dropped) and `limits` (how much is too much).
"""
