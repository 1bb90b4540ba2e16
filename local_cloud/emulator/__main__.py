"""Run the emulator. Only the launcher starts it, with a listening socket."""

from local_cloud.emulator.serving.server import main

if __name__ == "__main__":
    main()
