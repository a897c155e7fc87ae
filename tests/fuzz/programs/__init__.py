"""Random well-typed programs, what the language says comes of them, and what does come of them.

`generator` and what registers with it make trees (`tree`), `show` prints them as a source.
`execute` and `invoke` evaluate the trees by `meaning` and `library` alone: neither the compiler nor
the runtime is asked what a program means. `judging` compiles and runs the sources, and compares.
"""
