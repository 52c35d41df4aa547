"""The CmdStan toolchain, NUTS with its remedies, and the files that hold the draws."""
