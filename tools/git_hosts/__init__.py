"""What GitHub and GitLab say of a repository's webhooks: the only code that talks to them, and it only reads.

repository  which repository a URL names, and where a person sees its webhooks
hosts       the hosts that there is a token for, and what is asked of one
api         one answer over HTTP, or why there is none
github, gitlab   the two APIs
"""
