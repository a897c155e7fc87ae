"""Random well-typed programs, what the language says they do, and what they do.

`generation` makes trees of `source`, which `show` prints. `evaluation` evaluates the trees: it asks
neither the compiler nor the runtime what a program means. `judging` compiles and runs the sources,
and compares.
"""
