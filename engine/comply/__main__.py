"""`python -m comply`: the command line, where its script is not on the PATH."""

from comply.cli.main import main

if __name__ == "__main__":
    main()
