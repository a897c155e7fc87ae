"""The operations on the queue's tables; each is a pure value: SQL, parameters and a decoder."""
