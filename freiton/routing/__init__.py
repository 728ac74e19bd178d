"""This operator's policy: who may call whom, by which way. Pure."""
