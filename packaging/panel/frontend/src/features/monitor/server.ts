// Runs on the panel's server only: requests to the monitor over its unix socket.
import http from "node:http";

const SOCKET = process.env.MONITOR_SOCKET ?? "/run/trafico-monitor/api.sock";
const SECONDS = 35; // more than the monitor's own deadline for an answer
const PASSED = ["content-type", "etag", "cache-control", "retry-after"];

/** A refusal as the monitor writes one (RFC 9457). */
export function problem(status: number, code: string, detail: string): Response {
  const said = { type: `urn:trafico-monitor:problem:${code}`, title: detail, status, detail, code, errors: {} };
  return new Response(JSON.stringify(said), { status, headers: { "Content-Type": "application/problem+json" } });
}

/** The monitor's answer to `path` (below /api/v1), its refusals included; 503 `monitor_away` while it does not run. */
export function forward(request: Request, path: string, body?: unknown): Promise<Response> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string> = { Accept: "application/json, application/problem+json" };
  headers["Accept-Language"] = request.headers.get("accept-language") ?? "es";
  for (const name of ["if-none-match", "last-event-id"]) {
    const value = request.headers.get(name);
    if (value) headers[name] = value;
  }
  if (sent !== undefined) headers["Content-Type"] = "application/json";
  return new Promise((resolve) => {
    const asked = http.request({ socketPath: SOCKET, method: request.method, path: `/api/v1/${path}`, headers });
    const deadline = setTimeout(() => asked.destroy(), SECONDS * 1000);
    asked.on("error", () => {
      clearTimeout(deadline);
      resolve(problem(503, "monitor_away", "El monitor no responde"));
    });
    asked.on("response", (answer) => {
      clearTimeout(deadline);
      const status = answer.statusCode ?? 502;
      const passed = PASSED.flatMap((name): [string, string][] => {
        const value = answer.headers[name];
        return typeof value === "string" ? [[name, value]] : [];
      });
      resolve(new Response(status === 304 ? null : streamed(answer, asked), { status, headers: passed }));
    });
    request.signal.addEventListener("abort", () => asked.destroy());
    asked.end(sent);
  });
}

/** The body as it comes. The end of the monitor is the end of the stream, not an error of the panel. */
function streamed(answer: http.IncomingMessage, asked: http.ClientRequest): ReadableStream<Uint8Array> {
  let open = true;
  return new ReadableStream({
    start(controller) {
      const close = () => {
        if (open) controller.close();
        open = false;
      };
      answer.on("data", (piece: Buffer) => {
        if (!open) return;
        controller.enqueue(new Uint8Array(piece));
        if ((controller.desiredSize ?? 1) <= 0) answer.pause();
      });
      answer.on("end", close);
      answer.on("error", close);
      answer.on("close", close);
    },
    pull() {
      answer.resume();
    },
    cancel() {
      open = false;
      asked.destroy();
    },
  });
}
