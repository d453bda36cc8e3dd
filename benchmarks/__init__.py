"""Speed, as ratios between variants of one run, with absolute figures beside them.

``python -m benchmarks [NAME …] [--json] [--toy]``; the names are permanent, the seeds fixed. CPU time (of
the thread, or of all processes of a server) and wall time are both told; each is the median of several
repetitions, and the variants that are compared take turns, so that other work meets them alike.
"""
