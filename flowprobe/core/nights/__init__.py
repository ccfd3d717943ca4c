"""Nights: what is remembered of them, and what is made of it. Pure: histories, clocks and calls are given."""
