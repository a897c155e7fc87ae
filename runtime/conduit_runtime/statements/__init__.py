"""One operation on the queue's tables each, as a pure value: SQL, parameters and a decoder."""
