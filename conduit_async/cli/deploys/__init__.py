"""Commands about deploys: the effect of a change on waiting jobs, and the lock's history."""
