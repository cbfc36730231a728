"""Objects that run -> specs: read, group, lift, write, and the proof that nothing is lost; pure."""
