"""The story of an upload and of a feed: what happens, in which order, and what is kept at each step.

desk      what every step needs: settings, database, spool, homes
reading   bytes in the spool -> lines with verdicts
recording lines with verdicts -> the database; large files by `large`, piece by piece
outbox    receipts, results and the status file, delivered to the seller
sending   queued shipments -> a feed at Amazon -> verdicts
workflows the durable workflows that call the steps above
worker    the process that runs them: picks up arrivals, sweeps, stops in order
processes the processes that read files

Beside it stand what is told and fetched besides (mail, hooks, alarms, orders), what people decide (`deciding`,
`actions`, `retrying`, `people`, `user_tokens`), and what is shown of it all (`overview`, `stories`, `figures`, …).
"""
