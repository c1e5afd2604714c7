"""Languages, a module of tables each."""
