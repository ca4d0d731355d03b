"""One answer: accepted, written by a task, logged as a stream, replayed, stopped, ended."""
