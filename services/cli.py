"""The command `ee`: puts together the commands of shared and of each service. The only module that imports them all."""

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False, add_completion=False)
