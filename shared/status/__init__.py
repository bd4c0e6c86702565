"""Where a candidate stands among the eight steps, from published messages alone: what any subscriber can tell.

`published` reads them, `standing` says what they mean, `page` puts it into words, `cli` is the command `ee status`.
"""
