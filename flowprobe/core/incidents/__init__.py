"""Incidents: from calls that were recorded to what a provider did, segment by segment. Pure: no file, no clock."""
