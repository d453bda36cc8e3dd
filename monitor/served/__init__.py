"""Served models: predictions and their outcomes to measures, in bounded memory and independent of order."""
