"""The edge to Hypothesis: account states, and the part of the search that it drives."""
