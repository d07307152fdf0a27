"""The same as `manage.py provider_simulator`, without waiting for Django."""

from argparse import ArgumentParser

from config.outside_world.program import Options, add_arguments, run

if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m config.outside_world")
    add_arguments(parser)
    run(Options(**vars(parser.parse_args())))
