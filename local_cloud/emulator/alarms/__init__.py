"""Alarms of CloudWatch: which state their metrics ask for, minute by minute."""
