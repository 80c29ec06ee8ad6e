"""Load tests with Locust: a leaf that nobody imports, that imports no Ray and none of ours, and talks HTTP.

histogram   durations in buckets of one ratio: percentiles within 1 %, mergeable
schedule    when people come: a rate over time, Poisson arrivals of it, or given instants
forms       application forms, valid and drawn by seed
recorder    what is counted: offered, accepted, shed, failed, completed; latency beside service time
client      one HTTP client a process: tokens, idempotent retries
visitors    who comes to the bank and what he does there, one class each
arrivals    the open model: starts visits at their instants, however slow the answers are
locustfile  all of it as Locust wants it: options, users, shape, workers"""
