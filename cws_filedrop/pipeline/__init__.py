"""The ways of an upload and of a feed through the service: what happens, in which order, and what is kept at each step.

reading   bytes in the spool -> lines with verdicts
recording lines with verdicts -> the database; large files by `large`, piece by piece
outbox    receipts, results and the status file, delivered to the seller
sending   queued shipments -> a feed at Amazon -> verdicts
workflows the durable workflows that call the steps above
processes the processes that read files

What the steps work with (settings, database, spool, homes) is `service_context`, and with Amazon `amazon_context`; the
process that runs the workflows is `worker`. docs/architecture.md has the whole map.
"""
