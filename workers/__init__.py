"""Background work: jobs that call into core, the worker that runs them, and the schedule."""
