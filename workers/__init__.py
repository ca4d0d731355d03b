"""Background work: jobs that call a verb in core, the worker that runs them, and the schedule."""
