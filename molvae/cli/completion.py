"""`molvae completion`."""

from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish", "powershell"], /) -> None:
    """Print a script that completes commands and flags of molvae in a shell.

    For bash, add `source <(molvae completion bash)` to ~/.bashrc. `molvae --install-completion`
    installs the script for the current shell instead.

    Args:
        shell: The shell that the script is for.
    """
    from molvae.cli.main import application

    print(application().generate_completion(shell=shell))
