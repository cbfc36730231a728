"""Turns values into text for people and machines: each function returns a str, and the callers print it."""
