"""The process of the language model: `python -m operations.stack.model_server FILE PORT NAME`, its key in MODEL_KEY."""

import os
import signal
import sys

import xllamacpp

# Tokens of context, shared by the conversations it answers at once.
CONTEXT = 8192
AT_ONCE = 4


def main(file: str, port: str, name: str) -> None:
    """Serve until a signal ends the process."""
    # It takes every core while it answers: the rest of Parley goes first.
    os.nice(10)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.model_alias = {name}
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = AT_ONCE
    parameters.kv_unified = True  # one long conversation may have it all
    parameters.port = int(port)
    parameters.api_keys = [os.environ["MODEL_KEY"]]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = 1
    server = xllamacpp.Server(parameters)
    print(f"listening on {server.listening_address}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
