"""The platform's documentation: nine pages a developer can follow, filled with facts of this cluster and team.

facts what a fact is; reading reads them; pages fills the texts in pages/; site the files;
staleness what has changed since they were written; tool Desk's tools.
"""
