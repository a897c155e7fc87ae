"""Compiling again only what a change concerns.

What a source gives to the package is a function of its text and of what it looks up in other
sources. So each source leaves a summary: what it declares, what its code looked up, which services
it calls, its modules and its rows. A source is compiled again when its text changed, or when a
declaration that it uses did; then the files that name all modules are put together from the
summaries. A cold run does the same with all sources.

Where a change reaches further (an error, names that meet or are nearly alike), all is compiled.
"""
