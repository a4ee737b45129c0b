"use client";

import { useState } from "react";
import type { FormEvent } from "react";
import type { Incident, IncidentQuery } from "./api";
import { useDownloads, useHealth, useIncidents, useMonitorRequest, useMonitorStream, useSeries } from "./hooks";
import type { Live } from "./hooks";

const TABS = { open: "Abiertos", failed: "Fallidos", all: "Todos", trends: "Tendencias" } as const;
type Tab = keyof typeof TABS;
const QUERIES: Record<Exclude<Tab, "trends">, IncidentQuery> = {
  open: { open: true, limit: 50 },
  failed: { estado: "fallido", limit: 50 },
  all: { limit: 50 },
};
const COLOURS: Record<Incident["estado"], string> = {
  detectado: "bg-sky-500/20 text-sky-300",
  pendiente: "bg-amber-500/20 text-amber-300",
  reintentando: "bg-amber-500/20 text-amber-300",
  solucionado: "bg-emerald-500/20 text-emerald-300",
  fallido: "bg-red-500/20 text-red-300",
};

const clock = (at: Date) => at.toLocaleTimeString("es", { hour: "2-digit", minute: "2-digit" });
const moment = (at: number) => new Date(at * 1000).toLocaleString("es", { dateStyle: "short", timeStyle: "medium" });

/** Failed downloads, live: open, failed, all, and trends; with retry and its reason. */
export function MonitorPanel() {
  const live = useMonitorStream();
  const [tab, setTab] = useState<Tab>("open");
  return (
    <section aria-label="Descargas" className="rounded-2xl border border-slate-700 bg-slate-900 p-6 text-slate-200">
      <header className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-2xl font-bold text-white">Descargas</h2>
        <LiveMark live={live} />
      </header>
      <div className={live.live || !live.since ? "" : "opacity-60"}>
        <Now />
        <div role="tablist" className="my-4 flex flex-wrap gap-2">
          {(Object.keys(TABS) as Tab[]).map((name) => (
            <button
              key={name}
              role="tab"
              aria-selected={tab === name}
              onClick={() => setTab(name)}
              className={`rounded-lg px-4 py-2 text-sm ${tab === name ? "bg-indigo-600 text-white" : "bg-slate-800"}`}
            >
              {TABS[name]}
            </button>
          ))}
        </div>
        {tab === "trends" ? <Trends /> : <Incidents key={tab} query={QUERIES[tab]} />}
      </div>
    </section>
  );
}

function LiveMark({ live: { live, since } }: { live: Live }) {
  return (
    <p role="status" className="flex items-center gap-2 text-sm">
      <span className={`h-2.5 w-2.5 rounded-full ${live ? "bg-emerald-400" : "bg-red-500"}`} />
      {live ? "En vivo" : since ? `Sin conexión con el monitor desde las ${clock(since)}` : "Conectando…"}
    </p>
  );
}

function Now() {
  const health = useHealth();
  const downloads = useDownloads();
  if (health.isError) return null; // the live mark and the list say so
  const status = health.data?.status;
  return (
    <ul className="grid gap-2 text-sm sm:grid-cols-2">
      {status?.alarms.map((one) => (
        <li key={one.id} className="rounded-lg bg-red-500/20 p-3 text-red-200">
          {one.text}
        </li>
      ))}
      {status?.rescued && status.rescued.files > 0 && (
        <li className="rounded-lg bg-amber-500/20 p-3 text-amber-200">
          {status.rescued.files} videos esperan en _rescatados
        </li>
      )}
      <li className="rounded-lg bg-slate-800 p-3">
        {downloads.data?.downloads.length ?? "…"} descargas en curso · {status?.open ?? "…"} incidentes abiertos
      </li>
    </ul>
  );
}

function Incidents({ query }: { query: IncidentQuery }) {
  const { data, error, isPending, hasNextPage, fetchNextPage } = useIncidents(query);
  const rows = data?.pages.flatMap((page) => page.incidents) ?? [];
  return (
    <>
      {error && <Refused error={error} />}
      {isPending && <p>Cargando…</p>}
      {!error && data && rows.length === 0 && <p className="py-6 text-slate-400">Ninguno.</p>}
      <ul className="mt-2 space-y-2">
        {rows.map((one) => (
          <Row key={one.id} incident={one} />
        ))}
      </ul>
      {hasNextPage && (
        <button onClick={() => void fetchNextPage()} className="mt-3 rounded-lg bg-slate-800 px-4 py-2 text-sm">
          Más
        </button>
      )}
    </>
  );
}

function Row({ incident }: { incident: Incident }) {
  const [asking, setAsking] = useState(false);
  return (
    <li className="rounded-xl bg-slate-800 p-4">
      <div className="flex flex-wrap items-center gap-3">
        <span className={`rounded px-2 py-1 text-xs ${COLOURS[incident.estado]}`}>{incident.estado}</span>
        <strong>{incident.error_type}</strong>
        <bdi>{incident.modelo ?? "modelo desconocido"}</bdi>
        <bdi className="break-all text-slate-400">{incident.video ?? "video desconocido"}</bdi>
        <time className="ml-auto text-sm text-slate-400">{moment(incident.opened_at)}</time>
      </div>
      <p className="mt-1 text-sm text-slate-300">
        {[incident.accion_text, incident.reason_text].filter(Boolean).join(" · ")}
      </p>
      {incident.estado !== "solucionado" &&
        (asking ? (
          <Retry incident={incident} close={() => setAsking(false)} />
        ) : (
          <button
            onClick={() => setAsking(true)}
            className="mt-2 rounded-lg bg-indigo-600 px-3 py-1.5 text-sm text-white"
          >
            Reintentar
          </button>
        ))}
    </li>
  );
}

function Retry({ incident, close }: { incident: Incident; close: () => void }) {
  const request = useMonitorRequest();
  const [reason, setReason] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    request.mutate({ kind: "retry", incident: incident.id, reason });
  };
  if (request.isSuccess) {
    return (
      <p role="status" className="mt-2 text-sm text-emerald-300">
        {request.data.text}
      </p>
    );
  }
  return (
    <form onSubmit={send} className="mt-2 flex flex-wrap items-center gap-2">
      <input
        aria-label="Motivo"
        placeholder="motivo (opcional)"
        maxLength={200}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        className="min-w-0 flex-1 rounded-lg bg-slate-900 px-3 py-1.5 text-sm"
      />
      <button disabled={request.isPending} className="rounded-lg bg-indigo-600 px-3 py-1.5 text-sm text-white">
        {request.isPending ? "Pidiendo…" : "Pedir"}
      </button>
      <button type="button" onClick={close} className="rounded-lg bg-slate-700 px-3 py-1.5 text-sm">
        Cancelar
      </button>
      {request.error && <Refused error={request.error} />}
    </form>
  );
}

/** Failures a day of the last thirty, by estado. */
function Trends() {
  const { data, error } = useSeries({ step: "day" });
  if (error) return <Refused error={error} />;
  if (!data) return <p>Cargando…</p>;
  const failed = data.estados.fallido ?? data.at.map(() => 0);
  const totals = data.at.map((_, day) => Object.values(data.estados).reduce((sum, line) => sum + line[day], 0));
  const most = Math.max(1, ...totals);
  return (
    <figure>
      <svg
        viewBox={`0 0 ${data.at.length * 10} 100`}
        role="img"
        aria-label="Incidentes por día"
        preserveAspectRatio="none"
        className="h-40 w-full"
      >
        {data.at.map((at, day) => (
          <g key={at} transform={`translate(${day * 10} 0)`}>
            <title>{`${new Date(at * 1000).toLocaleDateString("es")}: ${totals[day]}, fallidos ${failed[day]}`}</title>
            <rect
              width={8}
              y={100 - (totals[day] / most) * 96}
              height={(totals[day] / most) * 96}
              className="fill-indigo-500"
            />
            <rect
              width={8}
              y={100 - (failed[day] / most) * 96}
              height={(failed[day] / most) * 96}
              className="fill-red-500"
            />
          </g>
        ))}
      </svg>
      <figcaption className="mt-2 text-sm text-slate-400">
        {totals.reduce((sum, one) => sum + one, 0)} incidentes en 30 días, {failed.reduce((sum, one) => sum + one, 0)}{" "}
        sin solución (en rojo)
      </figcaption>
    </figure>
  );
}

function Refused({ error }: { error: Error }) {
  return (
    <p role="alert" className="w-full rounded-lg bg-red-500/20 p-3 text-sm text-red-200">
      {error.message}
    </p>
  );
}
