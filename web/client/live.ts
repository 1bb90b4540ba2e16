/** Live updates of a maker's jobs, over a WebSocket that opens itself again. */
import type { Client } from "openapi-fetch";
import { Refused } from "./index.js";
import type { paths } from "./schema";

export type LiveMessage =
  | { type: "job.state"; job_id: string; state: string; delivered: number; count: number }
  | { type: "job.progress"; job_id: string; batch: number; percent: number }
  | { type: "image.done"; job_id: string; index: number; width: number; height: number; thumbnail_url: string }
  | { type: "job.deleted"; job_id: string };

export interface ListenOptions {
  /** Called with each new connection. What happened before it was not sent: read the jobs in progress again. */
  opened?: () => void;
  /** Called once the API refuses to open a connection at all, for instance to a token that is not valid. */
  refused?: (problem: Refused) => void;
  random?: () => number;
  wait?: (milliseconds: number) => Promise<void>;
  connect?: (url: string) => WebSocket;
}

const FIRST_MS = 10_000;
const LONGEST_MS = 120_000;

/**
 * How long to wait before the next connection, after so many that failed in a row.
 *
 * API Gateway takes 500 new connections a second for all makers together. When it ends thousands at once, they must not
 * all come back at once: the wait is random from nothing to a bound that doubles.
 */
export function pauseMs(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
}

/** Calls `told` with each update until the function that it returns is called. Keep polling beside it, if slowly. */
export function listen(
  client: Client<paths>,
  told: (message: LiveMessage) => void,
  options: ListenOptions = {},
): () => void {
  const { random, wait = sleep, connect = (url) => new WebSocket(url) } = options;
  let socket: WebSocket | undefined;
  let stopped = false;

  /** One connection from its opening to its end; tells whether it was ever open. */
  function session(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      let opened = false;
      socket = connect(url);
      socket.onopen = () => {
        opened = true;
        options.opened?.();
      };
      socket.onmessage = (event) => told(JSON.parse(String(event.data)));
      socket.onclose = () => resolve(opened);
    });
  }

  async function stay(): Promise<void> {
    let failures = 0;
    while (!stopped) {
      try {
        // A ticket opens one connection, so each gets a new one.
        const { data } = await client.POST("/v1/live");
        const opened = data && !stopped ? await session(data.url) : false;
        failures = opened ? 0 : failures + 1;
      } catch (error) {
        if (error instanceof Refused && error.status < 500 && error.status !== 429) {
          options.refused?.(error);
          return;
        }
        failures += 1;
      }
      if (!stopped) await wait(pauseMs(failures, random));
    }
  }

  void stay();
  return () => {
    stopped = true;
    socket?.close();
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
