/** A socket proxy that repeats, delays, reorders and loses what the server says, and cuts connections. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

export interface Weather {
  /** Between 0 and 1, for each frame of the server. */
  readonly loses: number;
  readonly repeats: number;
  readonly delays: number;
  /** A connection is cut after so many frames. */
  readonly cutsAfter: number;
  readonly seed: number;
}

export class BadNetwork {
  connections = 0;
  readonly #server: Server;
  readonly #weather: Weather;
  readonly #sockets: WebSocketServer;
  #random: number;

  constructor(weather: Weather) {
    this.#weather = weather;
    this.#random = weather.seed;
    this.#server = createServer();
    this.#sockets = new WebSocketServer({ server: this.#server });
  }

  /** The address to use in the place of `url`. */
  async before(url: string): Promise<string> {
    const behind = new URL(url);
    this.#sockets.on("connection", (near, request) => {
      const target = new URL(request.url ?? "", behind);
      target.host = behind.host;
      this.#join(near, new WebSocket(target));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const front = new URL(url);
    front.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return front.toString();
  }

  async stop(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: WebSocket, far: WebSocket): void {
    this.connections += 1;
    const waiting: string[] = [];
    near.on("message", (data) => {
      if (far.readyState === WebSocket.OPEN) far.send(String(data));
      else waiting.push(String(data));
    });
    far.on("open", () => {
      for (const text of waiting) far.send(text);
    });
    let passed = 0;
    const pass = (text: string): void => {
      if (near.readyState === WebSocket.OPEN) near.send(text);
    };
    far.on("message", (data) => {
      const text = String(data);
      const { loses, repeats, delays, cutsAfter } = this.#weather;
      passed += 1;
      if (passed > cutsAfter) return near.terminate();
      if (this.#chance(loses)) return;
      if (this.#chance(repeats)) pass(text);
      if (this.#chance(delays)) setTimeout(() => pass(text), 40);
      else pass(text);
    });
    far.on("error", () => near.terminate());
    far.on("close", () => near.terminate());
    near.on("close", () => far.terminate());
  }

  /** A linear congruential generator: the same weather for the same seed. */
  #chance(probability: number): boolean {
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.#random / 2_147_483_648 < probability;
  }
}
