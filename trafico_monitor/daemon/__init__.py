"""The running service: wiring, ingest loop, committer, supervised tasks."""
