"""Summaries as rows: found for a branch, planned and claimed, kept and edited. How one is made is in `memory/`."""
