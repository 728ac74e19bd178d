"""The flight recorder, and what can be made of its recordings: ladder, replay, scenario, reasons.

While calls run, nothing is copied or written: a recording is a list of references to bytes and
events that exist anyway (`Recorder`). What an operator asks for is made from it afterwards.
"""
