"use client";

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { BASE, monitor, MonitorError } from "./api";
import type { IncidentQuery, MonitorRequest, SeriesQuery } from "./api";

const KEY = "monitor";
const AGAIN_SECONDS = 3;
const POLL_SECONDS = 15; // while the stream is lost

// A refusal stays one; what does not answer is asked again by the stream, and by POLL_SECONDS.
const options = { retry: false, staleTime: 10_000, refetchInterval: POLL_SECONDS * 1000 } as const;

/** Incidents by page, newest first. */
export function useIncidents(query: IncidentQuery) {
  return useInfiniteQuery({
    ...options,
    queryKey: [KEY, "incidents", query],
    queryFn: ({ pageParam }) => monitor.incidents(pageParam ? { ...query, cursor: pageParam } : query),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** One incident: proof, lines, history. */
export function useIncident(id: string | null) {
  return useQuery({
    ...options,
    queryKey: [KEY, "incident", id],
    queryFn: () => monitor.incident(id ?? ""),
    enabled: id !== null,
  });
}

export function useHealth() {
  return useQuery({ ...options, queryKey: [KEY, "health"], queryFn: monitor.health });
}

export function useDownloads() {
  return useQuery({ ...options, queryKey: [KEY, "downloads"], queryFn: monitor.downloads });
}

export function useSeries(query: SeriesQuery) {
  return useQuery({ ...options, queryKey: [KEY, "series", query], queryFn: () => monitor.series(query) });
}

/** A request, such as { kind: "retry", incident, reason }. Its error has the reason of a refusal as `message`. */
export function useMonitorRequest() {
  const client = useQueryClient();
  return useMutation<Awaited<ReturnType<typeof monitor.request>>, MonitorError, MonitorRequest>({
    mutationFn: monitor.request,
    onSettled: () => client.invalidateQueries({ queryKey: [KEY] }),
  });
}

/** `since` is null until the first answer: the server that renders the page knows no time of the browser's. */
export type Live = { live: boolean; since: Date | null };

/**
 * Follows the monitor's stream for as long as the component is shown, and lets the queries load anew what it tells of.
 * A browser gives up for ever after an answer such as 503: this opens the stream again, behind the last record.
 */
export function useMonitorStream(): Live {
  const client = useQueryClient();
  const [state, setState] = useState<Live>({ live: false, since: null });

  useEffect(() => {
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let soon: ReturnType<typeof setTimeout> | undefined;
    let last: string | undefined;

    const turn = (live: boolean) =>
      setState((old) => (old.since && old.live === live ? old : { live, since: new Date() }));
    const reload = () => {
      // Several records that come together are one reason to load.
      soon ??= setTimeout(() => {
        soon = undefined;
        void client.invalidateQueries({ queryKey: [KEY] });
      }, 200);
    };
    const open = () => {
      source = new EventSource(`${BASE}/events${last === undefined ? "" : `?after=${last}`}`);
      source.addEventListener("hello", (event) => {
        last ??= String(JSON.parse(event.data).seq);
        turn(true);
        reload();
      });
      for (const name of ["record", "reset"]) {
        source.addEventListener(name, (event) => {
          last = (event as MessageEvent<string>).lastEventId || last;
          reload();
        });
      }
      source.addEventListener("now", reload);
      source.onerror = () => {
        source?.close();
        turn(false);
        clearTimeout(again);
        again = setTimeout(open, AGAIN_SECONDS * 1000);
      };
    };
    open();
    return () => {
      clearTimeout(again);
      clearTimeout(soon);
      source?.close();
    };
  }, [client]);

  return state;
}
