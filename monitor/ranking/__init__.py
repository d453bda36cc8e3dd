"""What people act on, learned from what they said: orders incidents, never what is noticed."""
