"""What would be kept at other limits, each moved alone: the exact counts of `rejudge`, for the report."""
