"""Admission, run: the gate step, the registry of agencies and what operators enrol there."""
