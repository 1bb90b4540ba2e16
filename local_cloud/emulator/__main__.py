"""Run the emulator: started by the launcher with a listening socket, never by hand."""

from local_cloud.emulator.server import main

if __name__ == "__main__":
    main()
