"""The names of a shard's series on disk, to be searched without the shard's lock (ADR 0038)."""
