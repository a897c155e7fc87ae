"""Commands about deploys: what a change does to jobs that wait, and the lock over time."""
