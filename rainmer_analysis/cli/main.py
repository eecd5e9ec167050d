"""Entry point of ``rainmer-analysis``; commands are imported when they are called."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from rainmer_analysis.cli.help_examples import append_help_examples
from rainmer_analysis.cli.terminal.print_and_log import echo
from rainmer_analysis.errors import RainmerAnalysisError

__all__ = ["cli", "main"]

# name: (module, attribute, the one line that --help shows)
_COMMANDS = {
    "reproduce": (
        "reproduce_and_figure_commands",
        "reproduce",
        "Make figures 1, 2 and 3 with matrices and claims.",
    ),
    "extract": ("extract_command", "extract", "Images to one table of embeddings per view."),
    "project": ("project_command", "project", "A table to a map on the sphere."),
    "relate": (
        "relate_and_sketch_commands",
        "relate",
        "A table to a matrix of scores between datasets.",
    ),
    "sketch": (
        "relate_and_sketch_commands",
        "sketch",
        "A table to sums that `relate` takes in its place.",
    ),
    "compare": (
        "compare_encoders_command",
        "compare_encoders",
        "How two encoders agree about the same images.",
    ),
    "audit": ("audit.audit_command", "audit", "What cannot be trusted in folders of images."),
    "leakage": ("audit.leakage_command", "leakage", "What results owe to test images trained on."),
    "confounds": ("audit.confounds_command", "confounds", "What of a distance is not weather."),
    "describe": (
        "properties.describe_command",
        "describe_images",
        "The published measures of images and pairs.",
    ),
    "balance": (
        "properties.balance_subset_command",
        "balance_subset",
        "A subset that is like other sets.",
    ),
    "place": (
        "pages.place_images_command",
        "place_images",
        "Whose images new images are like, or that they are like none.",
    ),
    "report": ("pages.report_command", "report", "Folders or tables to one page to look at."),
    "plot": ("pictures.plot_command", "plot", "Draw maps or matrices."),
    "verify": ("pictures.verify_command", "verify", "Whether a picture is what it says it is."),
    "import": (
        "interchange.import_vectors_command",
        "import_vectors_command",
        "Vectors of others to a table.",
    ),
    "export": (
        "interchange.export_command",
        "export_command",
        "Tables and maps to other programs, with thumbnails.",
    ),
    "figure": ("reproduce_and_figure_commands", "figure", "Make one figure of the paper."),
    "datasets": ("datasets.datasets_group", "datasets", "List, check or simulate datasets."),
    "derain": ("restoration.derain_command", "derain", "Restore images."),
    "evaluate": ("restoration.evaluate_command", "evaluate", "PSNR and SSIM of restored images."),
    "probe": ("probe.probe_command", "probe", "What an embedding space knows, beside controls."),
    "train": ("train_command", "train", "Train an encoder, or the restorer."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        found = getattr(importlib.import_module(f"rainmer_analysis.cli.{module}"), attribute)
        assert isinstance(found, click.Command)
        return append_help_examples(cmd_name, found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rainmer-analysis")
def cli() -> None:
    """Find out which image-restoration datasets belong together.

    Extract Rainmer's and AirNet's representations from folders of images, map them onto a sphere,
    score how datasets relate, and make the paper's figures.
    """


class _Terminated(BaseException):
    """The process was asked to end; passes what catches errors, as KeyboardInterrupt does."""


def _raise_terminated(signum: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise _Terminated


def _is_printed_as_sentence(error: Exception) -> bool:
    """Return whether an error is printed as a sentence; others are faults of this program."""
    return not isinstance(error, RuntimeError) or "can't start new thread" in str(error)


def _error_sentence(error: Exception) -> str:
    """Say what went wrong; an error of the system names its file."""
    if isinstance(error, MemoryError | RuntimeError):
        return (
            f"this process gets no more memory or threads ({error or 'out of memory'}); lower "
            "--workers and --batch-size where there are such options, or end other programs"
        )
    if not isinstance(error, OSError) or error.filename is None:
        return str(error)
    return (
        f"{error.filename} cannot be used ({error.strerror}); "
        "check that it can be read or written, or name another place"
    )


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    0 done; 1 a domain error, in one sentence; 2 wrong usage; 130 or 143 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # only the main thread may set handlers, and only it is interrupted
    in_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        if in_main_thread:
            signal.signal(signal.SIGTERM, _raise_terminated)
            if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as `__main__` has it
                signal.signal(signal.SIGINT, signal.default_int_handler)
        code = cli.main(args=given, prog_name="rainmer-analysis", standalone_mode=False, obj=given)
    except (click.exceptions.Abort, KeyboardInterrupt, _Terminated) as stopped:
        code = 143 if isinstance(stopped, _Terminated) else 130
        if in_main_thread and arguments is None:  # nothing is left to interrupt
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        echo("interrupted; what was finished is kept", err=True)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (RainmerAnalysisError, OSError, MemoryError, RuntimeError) as error:
        if "--debug" in given or not _is_printed_as_sentence(error):
            raise
        echo(f"error: {_error_sentence(error)}", err=True)
        code = 1
    finally:
        if in_main_thread:
            signal.signal(signal.SIGTERM, before)
    sys.exit(code if isinstance(code, int) else 0)
