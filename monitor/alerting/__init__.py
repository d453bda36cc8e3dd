"""Alerting: notices in words and pictures, the ways to receivers, and what keeps them quiet."""
