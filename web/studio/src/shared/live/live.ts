/** Live updates while a maker is signed in: one socket for each tab. */
import { listen } from "@client/live";
import { api } from "@/shared/api/client";
import { hear, setLive } from "@/shared/api/jobs";
import { currentSession, subscribe } from "@/shared/session/session";

let stop: (() => void) | undefined;

/** Follows the sign-in from now on. */
export function followSession(): void {
  subscribe(update);
  update();
}

function update(): void {
  const signedIn = currentSession().status === "signed-in";
  if (signedIn && !stop) {
    stop = listen(api(), hear, {
      opened: () => setLive(true),
      refused: () => setLive(false),
      connect: (url) => {
        const socket = new WebSocket(url);
        socket.addEventListener("close", () => setLive(false));
        return socket;
      },
    });
  } else if (!signedIn && stop) {
    stop();
    stop = undefined;
    setLive(false);
  }
}
