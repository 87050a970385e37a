"""What a meeting and an examiner read: weekly and compliance reports, computed from records."""
