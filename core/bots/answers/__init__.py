"""An answer from the visitor's message to its end: task, event stream, replay, stop and outcome."""
