"""The workspace: its files, its change sets, its git history."""
