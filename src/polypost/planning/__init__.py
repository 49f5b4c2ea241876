"""Posts that plan themselves: recurring schedules, and queues with slots that fill one after the other."""
