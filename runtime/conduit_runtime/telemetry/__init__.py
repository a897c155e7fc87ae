"""What can be seen of jobs from outside: metrics, traces, and who hears of failures."""
