"""Describes job types for programs that do not have their code; workers store the descriptions."""
