"""The emulator of AWS without the stacks: each of its rules, against the documents of AWS."""
