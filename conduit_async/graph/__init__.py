"""What enqueues what in a program, and what its hooks and jobs read, write and call."""
