"""The board's web application: who may ask, what an address shows, and the stream of changes."""
