"""Runs Parley on one machine: prepares the project folder, then starts, watches and stops every part.

`bootstrap` runs under any Python 3.11 to 3.13 with nothing installed; everything after it in `.venv`.
Nothing here imports Django: the application is a child process like the others.
"""
