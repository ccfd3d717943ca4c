"""Strategies that language.yaml names: to check a file never runs this one."""

raise AssertionError("a scenario that is read runs no code")
