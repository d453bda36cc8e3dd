"""How Watchkeeper itself does, as figures: counted where they arise, told as series like any other."""
