"""ARGUMENTS -> EXIT CODE: the command line, one module a command.

The only place that reads the arguments, the environment and the terminal.
"""
