"""Random well-typed programs: their behaviour is compared with what the language says.

`generation` makes trees of `source`, which `show` prints. `evaluation` evaluates the trees without
the compiler and the runtime. `judging` compiles and runs the sources, and compares.
"""
