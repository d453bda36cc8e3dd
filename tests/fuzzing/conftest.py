"""The target is a program: imported among other tests it would instrument their twins."""

collect_ignore = ["target.py"]
