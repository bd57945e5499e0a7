/** A server on real sockets that says what a test wants said, rightly or not. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { JsonObject, ServerFrame } from "../../src/protocol/frames.js";
import { seqOf } from "../../src/protocol/wire.js";
import { boundary, CHAT, meta } from "./frames.js";

export interface Line {
  readonly socket: WebSocket;
  readonly lastSeq: number;
  readonly token: string | null;
  say(...frames: unknown[]): void;
}

export class Backend {
  /** What is stored: greetings replay it. */
  readonly log: ServerFrame[] = [];
  /** Frames of clients, in the order they came. */
  readonly heard: JsonObject[] = [];
  readonly lines: Line[] = [];
  /** Requests over HTTP, as `GET /path?query`. */
  readonly requests: string[] = [];
  /** What is done with a new connection. */
  greet: (line: Line) => void = (line) => this.replay(line, line.lastSeq);
  /** What is done with a frame. */
  answer: (frame: JsonObject, line: Line) => void = (frame, line) => {
    if (frame.type === "ping") line.say({ type: "pong", chat_id: CHAT, event_id: "e", timestamp: "", data: {} });
    if (frame.type === "client.resume" || frame.type === "client.hello") this.replay(line, Number(frame.last_seq));
  };
  /** Whether a token opens the socket, and is taken over HTTP. */
  admits: (token: string | null) => boolean = () => true;
  /** Status of a handshake that is refused whatever the token says. */
  handshake: number | null = null;
  /** Answers over HTTP, by the path. */
  readonly pages = new Map<string, unknown>();
  readonly #http: Server;
  readonly #sockets: WebSocketServer;

  constructor() {
    this.#http = createServer((request, response) => this.#page(request, response));
    this.#sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "bearer" });
    this.#http.on("upgrade", (request, socket, head) => {
      const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
      const token = offered[1] ?? null;
      const refusal = this.handshake ?? (this.admits(token) ? null : 401);
      if (refusal !== null) {
        socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (open) => this.#opened(open, request, token));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/local?chat_id=${CHAT}`;
  }

  /** The newest connection. */
  get line(): Line {
    const line = this.lines.at(-1);
    if (line === undefined) throw new Error("nobody has connected");
    return line;
  }

  /** Stores and says. */
  tell(...frames: ServerFrame[]): void {
    this.log.push(...frames);
    this.line.say(...frames);
  }

  replay(line: Line, lastSeq: number): void {
    const newest = Math.max(0, ...this.log.map((frame) => seqOf(frame) ?? 0));
    const missed = this.log.filter((frame) => (seqOf(frame) ?? 0) > lastSeq);
    line.say(meta(newest), ...missed, boundary(newest));
  }

  /** Frames of one type that clients sent. */
  sent(type: string): JsonObject[] {
    return this.heard.filter((frame) => frame.type === type);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.lines) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #opened(socket: WebSocket, request: IncomingMessage, token: string | null): void {
    const lastSeq = Number(new URL(request.url ?? "", "http://localhost").searchParams.get("last_seq"));
    const line: Line = {
      socket,
      lastSeq,
      token,
      say: (...frames) => {
        for (const frame of frames) socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
      },
    };
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as JsonObject;
      this.heard.push(frame);
      this.answer(frame, line);
    });
    this.lines.push(line);
    this.greet(line);
  }

  #page(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, search } = new URL(request.url ?? "", "http://localhost");
    this.requests.push(`${request.method} ${pathname}${search}`);
    const token = request.headers.authorization?.replace("Bearer ", "") ?? null;
    const found = this.admits(token) ? this.pages.get(pathname) : { status: 401, code: "TOKEN_EXPIRED" };
    const body = typeof found === "function" ? found(new URLSearchParams(search)) : found;
    const status = body === undefined ? 404 : ((body as { status?: unknown }).status ?? 200);
    response.writeHead(typeof status === "number" ? status : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body ?? { status: 404, code: "CHAT_NOT_FOUND", detail: "there is no such chat" }));
  }
}
