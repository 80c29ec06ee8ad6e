"""Load tests with Locust: a leaf that nobody imports, that imports no Ray and none of ours, and talks HTTP.

histogram   durations in buckets of one ratio: percentiles within 1 %, mergeable
schedule    when people come: a rate over time, Poisson arrivals of it, or given instants
forms       application forms, valid and drawn by seed
recorder    what is counted: offered, accepted, shed, failed, completed; latency beside service time
accounts    whose name is signed under requests: systems and members of staff
client      one HTTP client a process: tokens, idempotent retries
door        whether accounts are let in, and how many branches the bank has
visits      a visit: what its requests count, and what all visitors have in common
visitors    who comes to the bank and what he does there, one class each
arrivals    the open model: starts visits at their instants, however slow the answers are
inspection  what is looked at once nobody comes any more: stuck cases, tasks past their limit
locustfile  all of it as Locust wants it: options, users, shape, workers"""
