"""The service: where SIP and money meet."""
