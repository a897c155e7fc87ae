"""Compiles again only the sources that a change affects.

The output of a source depends on its text and on what it looks up in other sources. So each source
leaves a summary: what it declares, what its code looked up, which services it calls, its modules
and its rows. A source is compiled again when its text or a declaration that it uses has changed.
Then the files that name all modules are built from the summaries. A cold run does the same with all
sources.

If a change reaches further (an error, or names that clash or are nearly alike), all sources are
compiled.
"""
