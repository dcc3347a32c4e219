"""An OpenAI-compatible endpoint that does what it is told, for tests and benches.

    python -m tests.endpoint --port 0        # prints its port as the first line; ends with its standard input

    with running_endpoint() as endpoint:     # the same as a process of its own, from a test
        endpoint.base_url, endpoint.api_key, endpoint.log(), endpoint.script("[[fault=500]]"), endpoint.reset()

It serves GET /v1/models and POST /v1/chat/completions (any prefix will do), streamed and not. A key other than its own
gets 401, a model whose name starts with "missing" gets 404.

What a streamed answer does is told by the last `[[directive]]` in the last user message, else by the next waiting
script (`POST /script`), else it is `t1 t2 ... t20 `: each token is its number, so that a gap, a double or a swap shows
in the text. A request that is not streamed never reads the messages' directives, since a title's prompt quotes what a
member wrote: unless a waiting script says `whole`, it is answered `Title 1`, `Title 2`, counted since the last reset.

    [[tokens=200 pace=20ms first=100ms fault=cut at=50]]

    tokens=20       how many                             pace=0    time between two (20ms, 0.5s, 2)
    first=0         time before the first token          headers=0 time before the response begins
    text="**Hi**"   answer this instead, in pieces of `piece=4` characters (a JSON string: \\n, \\" and \\u00e9 work)
    words="a b c"   answer this instead, a word a token
    reasoning=0     so many pieces of reasoning first, at the same pace
    linger=0        time between the last event and the end of the response
    prompt=12       tokens that the prompt is reported to have
    ends=lf         line ends: lf, crlf or cr            torn=1    send each event in two halves, torn in the middle
    fault=...       see below                            at=N      tokens before the fault (default: half of them)
    times=0         the fault befalls only the first so many requests with these same words (0: all)
    retry_after=7   the header, with any error status (seconds or a date in quotes)
    whole           (scripts only) for the next request that is not streamed, instead of the next streamed one

Instead of an answer: 400 401 403 404 408 409 418 429 500 502 503 529 (that status), `context`, `filter`, `quota` (as
OpenAI words them), `redirect`, `html` (status 200), `json` (whole though a stream was asked for), `sse` (the reverse),
`hang` (not even headers), `drop` (connection closed), `nonhttp`, `refuse` (400 as long as stream_options is there),
`refuse_max_tokens`.
After `at` tokens: `cut` (connection reset), `close` (orderly end, nothing said), `stall`, `keepalive` (comments for
ever), `garbage`, `error` (an error event), `empty_data`, `surrogate` (one emoji as two halves in two chunks),
`lone_surrogate`, `nul`, `page` (HTML under the name of an event stream).
At the end: `no_done`, `no_finish`, `no_usage`, `length`, `content_filter`, `hold` (line kept open after [DONE]),
`hold_finish` (the same, without [DONE]), `empty` (no token, finish reason stop), `nothing` (no token, only [DONE]).

GET /log: a JSON list of every request for a completion: `id`, `path`, `model`, `stream`, `messages`, `options`,
`headers` (without the key), `key_ok`, `connection`, `script`, `status`, `tokens` sent, `started`, `first`, `ended`
(Unix seconds), and `gone`: the client left before the end. GET /log?settled=1.0 answers as soon as no request is open,
after so many seconds at the latest. POST /script: one directive or a JSON list of them. POST /reset: forget log,
scripts, counters.
"""

from tests.endpoint.process import RunningEndpoint, running_endpoint

__all__ = ["RunningEndpoint", "running_endpoint"]
