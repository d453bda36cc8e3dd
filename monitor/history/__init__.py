"""History and checkpoints: what became of every final bucket, and the one file that says what is valid.

Read in this order:

- `history`    the store: append, read, window, delete, retain
- `tail`       the newest observations, in memory
- `segments`   hot files: sorted Arrow IPC with a block index and a CRC per column
- `compact`    cold files: many segments merged into one sorted Parquet file
- `window`     the last values of many series in one pass
- `cuts`       one series between two times, out of blocks
- `listing`    which files, and which deletions, are history at one moment
- `retention`  how long history is kept
- `snapshot`   arrays in one file, checksummed, without pickle
- `manifest`   the checkpoint: log position, snapshot and listing, swapped atomically
- `files`      a file that appears whole and synced, or not at all

A file is part of history only when a manifest lists it, and is removed only when no kept manifest
does. That is why a crash at any step leaves either the older or the newer state, each whole.
Disk formats: ``docs/formats.md``.
"""
