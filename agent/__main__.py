"""`python -m agent`."""

from agent.cli import process

if __name__ == "__main__":
    process()
