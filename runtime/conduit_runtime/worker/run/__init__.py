"""Running claimed jobs: coroutines and threads, handlers, timeouts, and reports of failures."""
