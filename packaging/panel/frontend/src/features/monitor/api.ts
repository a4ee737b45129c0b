import type { components, operations } from "./types";

type Schemas = components["schemas"];
export type Incident = Schemas["Incident"];
export type IncidentPage = Schemas["IncidentPage"];
export type IncidentStory = Schemas["IncidentStory"];
export type Health = Schemas["Health"];
export type Downloads = Schemas["Downloads"];
export type Series = Schemas["Series"];
export type Reply = Schemas["Reply"];
export type MonitorRequest = Schemas["PostRequestsBody"];
export type IncidentQuery = NonNullable<operations["getIncidents"]["parameters"]["query"]>;
export type SeriesQuery = NonNullable<operations["getSeries"]["parameters"]["query"]>;

// The panel's own route, or that of its FastAPI server: NEXT_PUBLIC_MONITOR_URL=http://localhost:8000/api/monitor
export const BASE = process.env.NEXT_PUBLIC_MONITOR_URL ?? "/api/monitor";
const SECONDS = 40;

/** A refusal, with its reason in words. `status` 0: the panel's own server does not answer. */
export class MonitorError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`${BASE}/${path}`, { ...init, signal: AbortSignal.timeout(SECONDS * 1000) });
  } catch {
    throw new MonitorError(0, "unreachable", "El panel no responde");
  }
  const said = await answer.json().catch(() => null);
  if (!answer.ok) {
    const words = said?.detail ?? said?.text ?? `El panel respondió ${answer.status}`;
    throw new MonitorError(answer.status, said?.code ?? "unknown", words);
  }
  return said as T;
}

function search(query: Record<string, unknown>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

export const monitor = {
  incidents: (query: IncidentQuery) => call<IncidentPage>(`incidents?${search(query)}`),
  incident: (id: string) => call<IncidentStory>(`incidents/${encodeURIComponent(id)}`),
  health: () => call<Health>("health"),
  downloads: () => call<Downloads>("downloads"),
  series: (query: SeriesQuery) => call<Series>(`series?${search(query)}`),
  request: (asked: MonitorRequest) =>
    call<Reply>("requests", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
    }),
};
