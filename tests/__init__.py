"""Tests of rollspec."""
