"""Running claimed jobs: coroutines and threads, handlers, timeouts, and who hears of failures."""
