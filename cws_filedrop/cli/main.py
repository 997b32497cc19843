"""`cws-filedrop`: the list of commands, and what all of them share: settings, errors as words, exit codes.

Exit codes: 0 clean, 1 problems found or an expected failure, 2 usage or configuration, 3 a bug, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cws_filedrop import __version__
from cws_filedrop.cli import (
    alarms,
    audit,
    carriers,
    connections,
    database,
    doctor,
    feed,
    guard,
    mail,
    orders,
    report,
    serve,
    sessions,
    status,
    upload,
)
from cws_filedrop.cli.backup import command as backups
from cws_filedrop.cli.completion import scripts
from cws_filedrop.cli.demo import command as demo
from cws_filedrop.cli.logs import commands as logs
from cws_filedrop.cli.offline import check, convert
from cws_filedrop.cli.seller import client_config, hook, key, profile
from cws_filedrop.cli.seller import commands as seller
from cws_filedrop.cli.seller import token as seller_token
from cws_filedrop.cli.terminal.shared import GlobalOptions, close_all
from cws_filedrop.cli.user import commands as user
from cws_filedrop.cli.user import token as user_token
from cws_filedrop.cli.watch import command as watch
from cws_filedrop.errors import ConfigError, FileDropError, Impossible
from cws_filedrop.processes.stopping import Stopped

app = typer.Typer(
    name="cws-filedrop",
    help="Charge When Ship as a file drop: shipped orders in, Amazon confirmations out, an answer for every line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("init")(serve.init)
app.command("serve")(serve.serve)
app.command("check")(check.check)
app.command("convert")(convert.convert)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("alarms")(alarms.alarms)
app.command("watch")(watch.watch)
app.command("logs")(logs.logs)
seller.app.add_typer(hook.app, name="hook")
seller.app.add_typer(key.app, name="key")
seller.app.add_typer(profile.app, name="profile")
seller.app.add_typer(seller_token.app, name="token")
seller.app.command("client-config")(client_config.client_config)
app.add_typer(seller.app, name="seller")
app.add_typer(orders.app, name="orders")
app.add_typer(orders.app, name="order", hidden=True)  # an alias: people type either
app.add_typer(report.app, name="report")
app.add_typer(upload.app, name="upload")
app.add_typer(feed.app, name="feed")
app.add_typer(mail.app, name="mail")
app.add_typer(carriers.app, name="carriers")
app.add_typer(guard.app, name="guard")
app.add_typer(connections.app, name="connections")
app.add_typer(sessions.app, name="sessions")
app.add_typer(database.app, name="database")
app.add_typer(database.app, name="db", hidden=True)  # an alias: people type either
app.add_typer(backups.backup, name="backup")
app.add_typer(backups.restore, name="restore")
user.app.add_typer(user_token.app, name="token")
app.add_typer(user.app, name="user")
app.command("audit")(audit.audit)
app.command("completion")(scripts.completion)


@app.callback(invoke_without_command=True)
def common(
    config: Annotated[
        Path | None,
        typer.Option("--config", envvar="CWS_FILEDROP_CONFIG", help="settings file [default: ./cws_filedrop.toml]"),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="print the version and exit")] = False,
) -> None:
    """Options that come before the command."""
    GlobalOptions.config = config
    if version:
        typer.echo(__version__)
        raise typer.Exit(0)


def run() -> None:
    """The entry point: runs the command and turns failures into words and exit codes."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # while we were imported (`__main__`)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if scripts.VARIABLE in os.environ:
        scripts.answer(app)
    try:
        app()
    except Impossible:  # before FileDropError, whose child it is: a bug is never passed off as an expected failure
        _report_bug()
    except ConfigError as error:
        _print_error(error)
        sys.exit(2)
    except FileDropError as error:
        _print_error(error)
        sys.exit(1)
    except (KeyboardInterrupt, Stopped):
        sys.exit(130)
    except BrokenPipeError:  # such as `| head`; closed, so that the interpreter does not complain at exit either
        sys.stderr.close()
        sys.exit(1)
    except Exception:
        _report_bug()
    finally:
        close_all()


def _report_bug() -> NoReturn:
    traceback.print_exc()
    sys.stderr.write("cws-filedrop: this is a bug; please report the lines above\n")
    sys.exit(3)


def _print_error(error: Exception) -> None:
    sys.stderr.write(f"cws-filedrop: {error}\n")
