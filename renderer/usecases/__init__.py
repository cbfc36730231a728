"""What each command does: only here, input and output are combined with the pure parts."""
