"""The local cloud: the unchanged synthesized templates in an emulator on one machine, without AWS or Docker."""
