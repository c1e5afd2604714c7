"""The journal: every fact of a session, written before anything else happens."""
